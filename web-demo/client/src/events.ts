// SPDX-License-Identifier: Apache-2.0

export type Listener<T> = (event: T) => void;

/** A listener list with types; a listener that throws does not keep the others from hearing. */
export class Emitter<Events extends object> {
    readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

    /** Returns a function that takes the listener away again. */
    on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
        let listeners = this.#listeners.get(name);
        if (!listeners) this.#listeners.set(name, (listeners = new Set()));
        listeners.add(listener as Listener<never>);
        return () => listeners.delete(listener as Listener<never>);
    }

    emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
        for (const listener of [...(this.#listeners.get(name) ?? [])]) {
            try {
                (listener as Listener<Events[Name]>)(event);
            } catch (error) {
                queueMicrotask(() => {
                    throw error;
                });
            }
        }
    }
}
