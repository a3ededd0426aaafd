# SPDX-License-Identifier: Apache-2.0
"""Every prompt in both languages, light and dark, at 100 % and 200 %, on the smallest screen: drawn, kept and looked over."""
import subprocess
import time

import pytest

from prompt_process import PromptProcess
from samples import SAMPLES, sample

WIDTH, HEIGHT = 1366, 768


@pytest.mark.parametrize("name", SAMPLES)
def test_every_prompt_is_drawn(build, display, pictures, name):
    """each prompt fits a screen of 1366 by 768 in every language, theme and scale, with both buttons in sight [R169] [R196]"""
    for language, theme, scale in [(l, t, s) for l in ("fa", "en") for t in ("light", "dark") for s in (1, 2)]:
        params = sample(name, language, theme)
        with PromptProcess(build, display, {"QT_SCALE_FACTOR": str(scale)}) as prompt:
            prompt.show(params)
            time.sleep(0.15)
            picture = display.screenshot(pictures / f"prompt-{name}-{language}-{theme}-{scale}x.png")
            _, x, y, width, height = display.window_of(prompt.pid)
            buttons = [node for node in display.tree(prompt.pid) if node["role"] == "push button" and "showing" in node["states"]]
            prompt.close(params)
            assert prompt.ended() == 0
        said = f"{name} in {language}, {theme}, {scale}x"
        assert x >= 0 and y >= 0 and x + width <= WIDTH and y + height <= HEIGHT, f"{said}: the window leaves the screen"
        for node in buttons[-2:]:
            left, top, breadth, tall = (part * scale for part in node["box"])
            assert x <= left and left + breadth <= x + width and top + tall <= y + height, f"{said}: {node['name']} is out of sight"
        # The background of the theme, at the left of the footer: the window was really painted.
        pixel = subprocess.run(["convert", str(picture), "-crop", f"1x1+{x + 4}+{y + height - 6}", "-format", "%[fx:int(255*luminance)]", "info:"],
                               capture_output=True, text=True, check=True).stdout
        assert (int(pixel) > 200) == (theme == "light"), f"{said}: {pixel}"
