// Inflates a small text chunk into a bounded buffer. Image data does not pass here: libpng inflates it row by row.
#include "CImageCodecs.h"

#include <limits.h>

#include <zlib.h>

bool vlmc_inflate(const uint8_t *bytes, size_t count, uint8_t *target, size_t capacity, size_t *written) {
    *written = 0;
    if (count > UINT_MAX || capacity > UINT_MAX) {
        return false;
    }
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)count};
    if (inflateInit(&stream) != Z_OK) {
        return false;
    }
    stream.next_out = target;
    stream.avail_out = (uInt)capacity;
    const int result = inflate(&stream, Z_FINISH);
    *written = capacity - stream.avail_out;
    inflateEnd(&stream);
    return result == Z_STREAM_END;
}
