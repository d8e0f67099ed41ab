/* The node: data become the page's nodes, and nothing but text nodes.
 *
 * 1. No markup is ever parsed: a message that holds `<img onerror=…>` is shown as these letters.
 */
const PATHS = {
  sim: "M5 12l5 5 9-10",
  nao: "M7 7l10 10m0-10L7 17",
  menos: "M6 17h12",
  alerta: "M12 6v7m0 4v.1",
  pessoa: "M8 8a4 4 0 1 0 8 0a4 4 0 1 0-8 0M5 20c0-7 14-7 14 0",
};

/** A node by `tag.class`; its kids are nodes and text, whatever is falsy is left out. */
export function h(name, ...kids) {
  const [tag, look] = name.split(".");
  const node = document.createElement(tag);
  if (look) node.className = look;
  node.append(...kids.flat().filter(Boolean));
  return node;
}

/** The node with these attributes (texts) and properties (all else: listeners, booleans). */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === "string") node.setAttribute(name, value);
    else node[name] = value;
  return node;
}

export function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.append(set(path, { d: PATHS[name] }));
  return set(svg, { viewBox: "0 0 24 24", class: name, "aria-hidden": "true" });
}
