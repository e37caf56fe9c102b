// Reads images from files into what a request carries: the bytes as they are, as a data URI. Nothing is made smaller,
// so that small print stays legible; how large they are is shown. The list of chosen ones: image-tray.js.
import { RequestError } from "./api.js";

/** The first bytes of the formats that the server reads. A name or a type given by the system may be wrong. */
const formats = [
    { type: "image/png", matches: (bytes) => startsWith(bytes, [0x89, 0x50, 0x4e, 0x47], 0) },
    { type: "image/jpeg", matches: (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff], 0) },
    {
        type: "image/webp",
        matches: (bytes) => startsWith(bytes, [0x52, 0x49, 0x46, 0x46], 0)
            && startsWith(bytes, [0x57, 0x45, 0x42, 0x50], 8),
    },
];

const startsWith = (bytes, expected, at) => expected.every((byte, index) => bytes[at + index] === byte);

/** An image as `{ name, type, size, address, preview }`: its data URI, and an address of the page to show it by. */
export async function readImage(file, limits) {
    const name = file.name || "image";
    const fail = (key, values = {}) => new RequestError({ key, values: { name, ...values } });
    let bytes;
    try {
        bytes = new Uint8Array(await file.slice(0, 16).arrayBuffer());
    } catch {
        throw fail("unreadable");
    }
    const type = formats.find((format) => format.matches(bytes))?.type;
    if (!type) throw fail(startsWith(bytes, [0x25, 0x50, 0x44, 0x46], 0) ? "pdfFile" : "notAnImage");
    if (file.size > (limits.image_bytes ?? Infinity)) {
        throw fail("imageTooLarge", { size: sizeText(file.size), limit: sizeText(limits.image_bytes) });
    }
    const data = new Blob([file], { type });
    const address = await dataAddress(data).catch(() => { throw fail("unreadable"); });
    return { name, type, size: file.size, address, preview: URL.createObjectURL(data) };
}

function dataAddress(blob) {
    return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result);
        reader.onerror = () => reject(reader.error);
        reader.readAsDataURL(blob);
    });
}

/** Files among what was pasted or dropped. */
export function filesIn(transfer) {
    return [...(transfer?.files ?? [])];
}

/** A size as people say it: a text of the page. */
export function sizeText(bytes) {
    if (bytes < 1000) return { key: "bytes", values: { value: bytes } };
    if (bytes < 1_000_000) return { key: "kilobytes", values: { value: bytes / 1000 } };
    return { key: "megabytes", values: { value: bytes / 1_000_000 } };
}
