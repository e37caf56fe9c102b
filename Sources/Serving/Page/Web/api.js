// What this page asks the server, and errors as values. The only file that calls `fetch`; addresses are relative to the
// page, so that it also works behind a proxy that serves it under a folder. Who calls it: chat.js, server.js.
import { eventData } from "./event-stream.js";

const root = new URL("..", import.meta.url);

/** A request that failed. Either the server said why (`message`), or `key` and `values` name a text of the page. */
export class RequestError extends Error {
    constructor({ message = "", status = null, parameter = null, key = null, values = {} }) {
        super(message || key);
        Object.assign(this, { explanation: message, status, parameter, key, values });
    }

    /** From the error form of OpenAI: `{"error": {"message", "type", "param", "code"}}`. */
    static fromAnswer(answer, status) {
        const message = answer?.error?.message ?? (typeof answer?.error === "string" ? answer.error : null);
        if (typeof message !== "string" || message === "") {
            return new RequestError({ status, key: "httpError", values: { status: String(status ?? "?") } });
        }
        return new RequestError({ message, status, parameter: answer.error.param ?? null });
    }
}

/** Whether the server can answer: "ready", "loading" or "unreachable". */
export async function serverHealth() {
    try {
        const response = await fetch(new URL("health", root), { cache: "no-store" });
        if (response.ok) return "ready";
        return response.status === 503 ? "loading" : "unreachable";
    } catch {
        return "unreachable";
    }
}

/** The models and adapters: `[{ id, parent, max_model_len }]`. */
export async function listModels(key) {
    const answer = await getJSON("v1/models", key);
    if (!Array.isArray(answer?.data)) throw notAnAnswer(JSON.stringify(answer));
    return answer.data.filter((model) => typeof model?.id === "string");
}

/** `{ version, limits }`; limits are `request_bytes`, `image_bytes` and `images`, as far as the server tells them. */
export async function serverVersion(key) {
    const answer = await getJSON("version", key);
    return { version: String(answer?.version ?? ""), limits: answer?.limits ?? {} };
}

/** The chunks of a streamed answer, until the server says that there are no more. `body` is the JSON text to send. */
export async function* streamAnswer(body, { key, signal }) {
    const response = await send("v1/chat/completions", {
        method: "POST", body, signal, headers: { ...authorization(key), "Content-Type": "application/json" },
    });
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
        throw notAnAnswer(await response.text().catch(() => ""));
    }
    try {
        for await (const data of eventData(response.body)) {
            if (data === "[DONE]") return;
            const chunk = parsed(data);
            if (chunk.error) throw RequestError.fromAnswer(chunk, null);
            yield chunk;
        }
    } catch (error) {
        if (signal.aborted || error instanceof RequestError) throw error;
    }
    throw new RequestError({ key: "cutOff" });
}

async function getJSON(path, key) {
    const response = await send(path, { cache: "no-store", headers: authorization(key) });
    return parsed(await response.text());
}

async function send(path, options) {
    let response;
    try {
        response = await fetch(new URL(path, root), options);
    } catch (error) {
        if (options.signal?.aborted) throw error;
        throw new RequestError({ key: "networkError" });
    }
    if (!response.ok) throw RequestError.fromAnswer(await response.json().catch(() => null), response.status);
    return response;
}

function parsed(text) {
    try {
        const value = JSON.parse(text);
        if (value !== null && typeof value === "object") return value;
    } catch {
        // Reported below, as everything that is no object.
    }
    throw notAnAnswer(text);
}

const notAnAnswer = (found) => new RequestError({ key: "notAnAnswer", values: { found: found.slice(0, 200) } });

const authorization = (key) => (key ? { Authorization: `Bearer ${key}` } : {});
