// The two choices that outlive a visit, theme and language, where the browser allows it. Never a word of a
// conversation: documents are private, and stay in memory (conversation.js).

/** What was chosen, or `null`. */
export function read(name) {
    try {
        return localStorage.getItem(name);
    } catch {
        return null;
    }
}

/** Keeps a choice; `null` forgets it. */
export function remember(name, value) {
    try {
        if (value === null) localStorage.removeItem(name);
        else localStorage.setItem(name, value);
    } catch {
        // Refused: the choice holds until the page is left.
    }
}
