// SPDX-License-Identifier: Apache-2.0
// A screen nobody sees, and a hand on its mouse: for questions that only a person can answer.
import { Program, atEnd, run } from './processes.mjs';

export async function startDisplay(t) {
    const server = new Program('Xvfb', ['-displayfd', '1', '-screen', '0', '1440x1000x24', '-nolisten', 'tcp']);
    atEnd(t, () => server.stop());
    const [, number] = await server.said(/^(\d+)$/m);
    const display = `:${number}`;
    const manager = new Program('openbox', [], { env: { ...process.env, DISPLAY: display } });
    atEnd(t, () => manager.stop());
    return display;
}

export function press(display, x, y) {
    return run('xdotool', ['mousemove', String(x), String(y), 'sleep', '0.2', 'click', '1'], { env: { ...process.env, DISPLAY: display } });
}
