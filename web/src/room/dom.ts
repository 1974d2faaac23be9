/** The element with this id, of this kind; the page's own markup guarantees it. */
export function byId<T extends Element>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return element;
}

/** A new element with a class and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

/** Writes text only when it changed, so that screen readers hear a status once. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A list of names and values. */
export function fillList(list: HTMLDListElement, rows: readonly (readonly [string, string])[]): void {
  list.replaceChildren(
    ...rows.map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value))),
  );
}
