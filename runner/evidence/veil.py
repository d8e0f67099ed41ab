"""The scripts that put dots on a failing page, in the page itself, before anything is recorded.

1. What a person typed or chose is dots whatever it says: every text field, list box and editable
   text, with the field's mirror in its attributes. Which box of a group is ticked stays: it is what
   tells an operator how far the flow came.
2. Everything else is dots only where the patterns of `mask` find something, also where one number
   is split over several elements.
3. What cannot be read cannot be judged: canvases, embedded documents and elements with a closed
   shadow are hidden.
4. The script counts what is left; a page that still shows something is not photographed. It changes
   the page for good, which is why the page's own scripts are stopped first and it is closed after.
5. No address is changed into another one, for the browser would fetch it: it is removed.
"""

from __future__ import annotations

# Takes {pattern, dots, put}; with `put` it puts the dots. Answers {left, height}.
VEIL = r"""
({ pattern, dots, put }) => {
  const personal = new RegExp(pattern, "giu");
  const found = (text) => text.search(personal) >= 0;
  const bare = (text) => text.replace(/[\u200b\s]+/g, "");
  const FETCHED = new Set(["src", "srcset", "href", "xlink:href", "action", "data", "poster"]);
  const MEANT = new Set([
    "checkbox", "radio", "button", "submit", "reset", "image", "color", "range",
  ]);
  const BOXES = "[aria-haspopup=listbox], [role=combobox], [contenteditable=true]";
  const LONGEST = 300;
  let left = 0;

  const elements = [];
  const gather = (root) => {
    for (const element of root.querySelectorAll("*")) {
      elements.push(element);
      if (element.shadowRoot) gather(element.shadowRoot);
    }
  };
  gather(document);
  const suggests = elements.some((element) => element.hasAttribute("aria-autocomplete"));
  const silent = (element) => ["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.nodeName);

  const hide = (element) => {
    if (put) element.style.setProperty("visibility", "hidden", "important");
    else if (getComputedStyle(element).visibility !== "hidden") left += 1;
  };
  const texts = (element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    return nodes;
  };
  const cover = (element) => {
    const said = bare(element.textContent);
    if (!said || said === dots) return;
    if (!put) left += 1;
    else texts(element).forEach((node, index) => { node.nodeValue = index ? "" : dots; });
  };
  const setter = (element, name) =>
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), name).set;
  const field = (element) => {
    const told = element.nodeName === "SELECT" ? element.selectedIndex >= 0 : element.value;
    if (told && told !== dots) {
      if (!put) left += 1;
      else if (element.nodeName === "SELECT") element.selectedIndex = -1;
      else setter(element, "value").call(element, element.type === "file" ? "" : dots);
    }
    if (element.nodeName === "TEXTAREA") cover(element);
    for (const option of element.options ?? []) if (put) option.removeAttribute("selected");
    const mirror = element.getAttribute("value");
    if (mirror && mirror !== dots) {
      if (!put) left += 1;
      // Of a file, a number or a date the browser keeps no dots.
      else element.setAttribute("value", dots);
    }
  };
  const attributes = (element) => {
    const framed = ["IFRAME", "FRAME"].includes(element.nodeName);
    for (const { name, value } of [...element.attributes]) {
      // Its document has its own mask, and would be another one after any change here.
      if (framed && ["src", "srcdoc"].includes(name)) continue;
      if (!found(value)) continue;
      if (!put) left += 1;
      else if (FETCHED.has(name)) element.removeAttribute(name);
      else element.setAttribute(name, value.replace(personal, dots));
    }
  };
  const split = (element) => {
    const whole = element.textContent;
    if (whole.length > LONGEST || !found(whole)) return;
    if ([...element.children].some((child) => found(child.textContent))) return;
    cover(element);
  };

  for (const element of elements) {
    if (silent(element)) continue;
    const name = element.nodeName;
    const closed = customElements.get(element.localName) && !element.shadowRoot;
    if (closed || ["CANVAS", "VIDEO", "OBJECT", "EMBED"].includes(name)) hide(element);
    const typed = name === "INPUT" && !MEANT.has(element.type);
    if (typed || name === "TEXTAREA" || name === "SELECT") field(element);
    else if (element.matches(BOXES)) cover(element);
    if (element.getAttribute("role") === "option") {
      if (put) element.removeAttribute("aria-selected");
      // What an address field suggests comes from what was typed.
      if (suggests) cover(element);
    }
    attributes(element);
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !found(node.nodeValue)) continue;
      if (put) node.nodeValue = node.nodeValue.replace(personal, dots);
      else left += 1;
    }
  }
  for (const element of elements.reverse()) if (!silent(element)) split(element);
  return { left, height: document.documentElement?.scrollHeight ?? 0 };
}
"""

# Hides the documents within this one of which it is not known that they are masked.
HIDE_FRAMES = r"""
() => {
  for (const frame of document.querySelectorAll("iframe, frame")) {
    frame.style.setProperty("visibility", "hidden", "important");
  }
}
"""

# A snapshot names the style sheets of other addresses only, and nothing is fetched for it: their
# rules are put into the page itself, up to `most` characters.
KEEP_STYLES = r"""
(most) => {
  let room = most;
  for (const sheet of [...document.styleSheets]) {
    if (sheet.ownerNode?.nodeName !== "LINK") continue;
    try {
      const rules = [...sheet.cssRules].map((rule) => rule.cssText).join("\n");
      if ((room -= rules.length) < 0) return;
      const style = document.createElement("style");
      style.textContent = rules;
      sheet.ownerNode.after(style);
    } catch {
      // Another origin's rules are not ours to read.
    }
  }
}
"""
