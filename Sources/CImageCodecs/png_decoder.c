// PNG through libpng: rows are read as stored and turned into RGB one at a time, so that no second image is held.
// Metadata, colour profiles and text chunks are not read here (they could be inflated without bound): Swift reads the
// few it needs. Read next: png_rows.c.
#include "image_report.h"
#include "png_rows.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct png_session {
    png_structp reader;
    png_infop info;
    const uint8_t *bytes;
    size_t count;
    size_t offset;
    bool reached_end;
    bool out_of_memory;
    uint8_t *row;
    struct vlmc_image_report *report;
    jmp_buf failure;
};

static void read_bytes(png_structp reader, png_bytep target, png_size_t count) {
    struct png_session *session = png_get_io_ptr(reader);
    if (count > session->count - session->offset) {
        session->reached_end = true;
        png_error(reader, "the file ends inside a chunk");
    }
    memcpy(target, session->bytes + session->offset, count);
    session->offset += count;
}

static PNG_NORETURN void fail(png_structp reader, png_const_charp text) {
    struct png_session *session = png_get_error_ptr(reader);
    vlmc_report_failure(session->report, VLMC_IMAGE_DAMAGED, text);
    longjmp(session->failure, 1);
}

static void warn(png_structp reader, png_const_charp text) {
    struct png_session *session = png_get_error_ptr(reader);
    vlmc_report_warning(session->report, text);
}

static png_voidp allocate(png_structp reader, png_alloc_size_t count) {
    void *memory = malloc(count);
    if (memory == NULL) {
        ((struct png_session *)png_get_mem_ptr(reader))->out_of_memory = true;
    }
    return memory;
}

static void release(png_structp reader, png_voidp memory) {
    (void)reader;
    free(memory);
}

static void read_rows(struct png_session *session, struct vlmc_rgb_target target) {
    png_structp reader = session->reader;
    // The layout is that of the file; afterwards libpng states what it delivers.
    const struct png_row_layout layout = vlmc_png_row_layout_make(reader, session->info, target.conversion);
    png_set_packing(reader);
    png_read_update_info(reader, session->info);
    const size_t row_bytes = png_get_rowbytes(reader, session->info);
    if (row_bytes != (size_t)target.width * layout.bytes_per_pixel) {
        png_error(reader, "the rows are not as long as the header says");
    }
    session->row = malloc(row_bytes);
    if (session->row == NULL) {
        session->out_of_memory = true;
        png_error(reader, "no memory for a row");
    }
    if (png_get_interlace_type(reader, session->info) == PNG_INTERLACE_NONE) {
        for (int32_t y = 0; y < target.height; y += 1) {
            png_read_row(reader, session->row, NULL);
            vlmc_png_row_to_rgb(&layout, session->row, target.width,
                                target.pixels + (size_t)y * (size_t)target.width * 3, 3);
        }
        return;
    }
    // libpng was not asked to put the seven passes together: each row of a pass comes alone, and is spread here.
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass += 1) {
        const int32_t columns = (int32_t)PNG_PASS_COLS((png_uint_32)target.width, pass);
        const int32_t rows = (int32_t)PNG_PASS_ROWS((png_uint_32)target.height, pass);
        if (columns == 0) {
            continue;
        }
        for (int32_t row = 0; row < rows; row += 1) {
            png_read_row(reader, session->row, NULL);
            const size_t y = PNG_ROW_FROM_PASS_ROW((size_t)row, pass);
            const size_t x = PNG_PASS_START_COL(pass);
            vlmc_png_row_to_rgb(&layout, session->row, columns, target.pixels + (y * (size_t)target.width + x) * 3,
                                (ptrdiff_t)3 << PNG_PASS_COL_SHIFT(pass));
        }
    }
}

static enum vlmc_image_status decode(struct png_session *session, struct vlmc_rgb_target target) {
    if (setjmp(session->failure) != 0) {
        if (session->out_of_memory) {
            return VLMC_IMAGE_OUT_OF_MEMORY;
        }
        return session->reached_end ? VLMC_IMAGE_TRUNCATED : VLMC_IMAGE_DAMAGED;
    }
    session->reader = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, session, fail, warn, session, allocate, release);
    if (session->reader == NULL) {
        return vlmc_report_failure(session->report, VLMC_IMAGE_OUT_OF_MEMORY, "libpng did not start");
    }
    session->info = png_create_info_struct(session->reader);
    if (session->info == NULL) {
        return vlmc_report_failure(session->report, VLMC_IMAGE_OUT_OF_MEMORY, "libpng did not start");
    }
    png_structp reader = session->reader;
    png_set_read_fn(reader, session, read_bytes);
    png_set_user_limits(reader, (png_uint_32)target.width, (png_uint_32)target.height);
    png_set_keep_unknown_chunks(reader, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(reader, session->info);
    if (png_get_image_width(reader, session->info) != (png_uint_32)target.width ||
        png_get_image_height(reader, session->info) != (png_uint_32)target.height) {
        png_error(reader, "the image header is not the first chunk");
    }
    read_rows(session, target);
    // What follows the last row holds no pixels: a file that lacks it is still whole, as for Pillow.
    return VLMC_IMAGE_DECODED;
}

enum vlmc_image_status vlmc_png_decode(const uint8_t *bytes, size_t count, struct vlmc_rgb_target target,
                                       struct vlmc_image_report *report) {
    struct png_session session = {.bytes = bytes, .count = count, .report = report};
    const enum vlmc_image_status status = decode(&session, target);
    free(session.row);
    png_destroy_read_struct(&session.reader, &session.info, NULL);
    return status;
}
