// JPEG through libjpeg-turbo: grey, YCbCr or RGB, and CMYK or YCCK with Adobe's inverted inks, as Pillow converts them.
// The source never pretends: where the file ends, decoding suspends, and that is how truncation is told from damage.
// Orientation is applied afterwards (upright.c).
#include "image_report.h"
#include "pixel_conversion.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

struct jpeg_session {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    int32_t maximum_scans;
    enum vlmc_image_status failure_status;
    uint8_t *row;
    struct vlmc_image_report *report;
    jmp_buf failure;
};

static struct jpeg_session *session_of(j_common_ptr decoder) {
    return decoder->client_data;
}

static void give_up(struct jpeg_session *session, enum vlmc_image_status status, const char *text) {
    session->failure_status = vlmc_report_failure(session->report, status, text);
    longjmp(session->failure, 1);
}

static enum vlmc_image_status status_of_error(int code) {
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return VLMC_IMAGE_OUT_OF_MEMORY;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_COMPONENT_COUNT:
        return VLMC_IMAGE_UNSUPPORTED;
    default:
        return VLMC_IMAGE_DAMAGED;
    }
}

static void exit_on_error(j_common_ptr decoder) {
    char text[JMSG_LENGTH_MAX];
    decoder->err->format_message(decoder, text);
    give_up(session_of(decoder), status_of_error(decoder->err->msg_code), text);
}

static void note_message(j_common_ptr decoder, int level) {
    if (level < 0) {
        char text[JMSG_LENGTH_MAX];
        decoder->err->format_message(decoder, text);
        vlmc_report_warning(session_of(decoder)->report, text);
    }
}

static void print_nothing(j_common_ptr decoder) {
    (void)decoder;
}

static void limit_scans(j_common_ptr decoder) {
    struct jpeg_session *session = session_of(decoder);
    if (session->decoder.input_scan_number > session->maximum_scans) {
        give_up(session, VLMC_IMAGE_UNSUPPORTED, "it has more scans than any encoder writes");
    }
}

static void start_source(j_decompress_ptr decoder) {
    (void)decoder;
}

static boolean suspend(j_decompress_ptr decoder) {
    (void)decoder;
    return FALSE;
}

static void skip_bytes(j_decompress_ptr decoder, long count) {
    struct jpeg_source_mgr *source = decoder->src;
    const size_t skipped = count > 0 ? (size_t)count : 0;
    const size_t taken = skipped < source->bytes_in_buffer ? skipped : source->bytes_in_buffer;
    source->next_input_byte += taken;
    source->bytes_in_buffer -= taken;
}

static void require(struct jpeg_session *session, bool progressed) {
    if (!progressed) {
        give_up(session, VLMC_IMAGE_TRUNCATED, "the file ends inside the compressed image");
    }
}

static void grey_to_rgb(const uint8_t *row, int32_t columns, uint8_t *target) {
    for (int32_t x = 0; x < columns; x += 1, target += 3) {
        vlmc_store_pixel(target, row[x], row[x], row[x]);
    }
}

/// Stored inks are inverted: 0 is full ink. So a channel is what its ink and black leave of white.
static void inverted_inks_to_rgb(const uint8_t *row, int32_t columns, uint8_t *target) {
    for (int32_t x = 0; x < columns; x += 1, row += 4, target += 3) {
        const int light = row[3];
        for (int channel = 0; channel < 3; channel += 1) {
            target[channel] = (uint8_t)(light - vlmc_multiply_bytes(255 - row[channel], light));
        }
    }
}

static void read_rows(struct jpeg_session *session, struct vlmc_rgb_target target) {
    struct jpeg_decompress_struct *decoder = &session->decoder;
    const int components = decoder->output_components;
    if (components != 3) {
        session->row = malloc((size_t)target.width * (size_t)components);
        if (session->row == NULL) {
            give_up(session, VLMC_IMAGE_OUT_OF_MEMORY, "no memory for a row");
        }
    }
    for (int32_t y = 0; y < target.height; y += 1) {
        uint8_t *target_row = target.pixels + (size_t)y * (size_t)target.width * 3;
        JSAMPROW row = components == 3 ? target_row : session->row;
        require(session, jpeg_read_scanlines(decoder, &row, 1) == 1);
        if (components == 1) {
            grey_to_rgb(row, target.width, target_row);
        } else if (components == 4) {
            inverted_inks_to_rgb(row, target.width, target_row);
        }
    }
}

static enum vlmc_image_status decode(struct jpeg_session *session, const uint8_t *bytes, size_t count,
                                     struct vlmc_rgb_target target) {
    struct jpeg_decompress_struct *decoder = &session->decoder;
    if (setjmp(session->failure) != 0) {
        return session->failure_status;
    }
    jpeg_create_decompress(decoder);
    session->source.next_input_byte = bytes;
    session->source.bytes_in_buffer = count;
    session->source.init_source = start_source;
    session->source.fill_input_buffer = suspend;
    session->source.skip_input_data = skip_bytes;
    session->source.resync_to_restart = jpeg_resync_to_restart;
    session->source.term_source = start_source;
    decoder->src = &session->source;
    session->progress.progress_monitor = limit_scans;
    decoder->progress = &session->progress;

    require(session, jpeg_read_header(decoder, TRUE) == JPEG_HEADER_OK);
    if (decoder->image_width != (JDIMENSION)target.width || decoder->image_height != (JDIMENSION)target.height) {
        give_up(session, VLMC_IMAGE_DAMAGED, "it has two headers of different sizes");
    }
    switch (decoder->num_components) {
    case 1:
        decoder->out_color_space = JCS_GRAYSCALE;
        break;
    case 3:
        decoder->out_color_space = JCS_RGB;
        break;
    case 4:
        decoder->out_color_space = JCS_CMYK;
        break;
    default:
        give_up(session, VLMC_IMAGE_UNSUPPORTED, "it has neither 1, 3 nor 4 components");
    }
    require(session, jpeg_start_decompress(decoder));
    read_rows(session, target);
    // What is left may be damage, which fails here. A file that merely lacks its end is whole, as for Pillow.
    jpeg_finish_decompress(decoder);
    return VLMC_IMAGE_DECODED;
}

enum vlmc_image_status vlmc_jpeg_decode(const uint8_t *bytes, size_t count, int32_t maximum_scans,
                                        struct vlmc_rgb_target target, struct vlmc_image_report *report) {
    struct jpeg_session session = {.maximum_scans = maximum_scans, .report = report};
    session.decoder.client_data = &session;
    session.decoder.err = jpeg_std_error(&session.errors);
    session.errors.error_exit = exit_on_error;
    session.errors.emit_message = note_message;
    session.errors.output_message = print_nothing;
    const enum vlmc_image_status status = decode(&session, bytes, count, target);
    free(session.row);
    jpeg_destroy_decompress(&session.decoder);
    return status;
}
