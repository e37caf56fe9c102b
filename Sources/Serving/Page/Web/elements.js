// Makes elements. Text goes in as text nodes only: nothing in this page reads markup from a string.
// What the texts are: language.js.

/** A new element. Properties whose names begin with `on` are listeners, others attributes; `null` leaves one out. */
export function element(name, properties = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
        else if (value === true) node.setAttribute(key, "");
        else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
}

/** A drawing of index.html by its name. Decoration: what it stands for is said by the label of the button around it. */
export function icon(name) {
    const namespace = "http://www.w3.org/2000/svg";
    const picture = document.createElementNS(namespace, "svg");
    const use = document.createElementNS(namespace, "use");
    use.setAttribute("href", `#icon-${name}`);
    picture.setAttribute("aria-hidden", "true");
    picture.append(use);
    return picture;
}

/** The element of index.html with this identifier. */
export const part = (identifier) => document.getElementById(identifier);
