// Keeps the end of the conversation in sight while it grows, but only for a reader who is there.
// Everything else of the conversation: chat.js.
import { part } from "./elements.js";

const nearPixels = 8;

export class Scrolling {
    #scroller = part("scroller");
    #toEnd = part("to-end");
    #follows = true;
    #lastTop = 0;

    constructor() {
        this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
        this.#toEnd.addEventListener("click", () => {
            this.follow();
            this.#scroller.focus({ preventScroll: true });
        });
        const sizes = new ResizeObserver(() => this.#keepUp());
        sizes.observe(part("messages"));
        sizes.observe(this.#scroller);
    }

    /** Goes to the end, and stays there. */
    follow() {
        this.#follows = true;
        this.#keepUp();
    }

    /** Going up ends following at once, however short the way is; coming to the end begins it again. */
    #scrolled() {
        const { scrollTop } = this.#scroller;
        this.#follows = this.#isAtEnd || (this.#follows && scrollTop >= this.#lastTop);
        this.#lastTop = scrollTop;
        this.#toEnd.hidden = this.#follows;
    }

    #keepUp() {
        if (this.#follows) this.#scroller.scrollTop = this.#scroller.scrollHeight;
        this.#toEnd.hidden = this.#follows || this.#isAtEnd;
    }

    get #isAtEnd() {
        const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
        return scrollHeight - clientHeight - scrollTop <= nearPixels;
    }
}
