// WebP through libwebp: one picture, or the first frame of an animation, laid on its transparent canvas as libwebp's
// animation decoder (which Pillow uses for both) composes it. The container is taken apart in Swift.
#include "image_report.h"
#include "pixel_conversion.h"

#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>

static enum vlmc_image_status status_of(VP8StatusCode code, struct vlmc_image_report *report) {
    switch (code) {
    case VP8_STATUS_OK:
        return VLMC_IMAGE_DECODED;
    case VP8_STATUS_OUT_OF_MEMORY:
        return vlmc_report_failure(report, VLMC_IMAGE_OUT_OF_MEMORY, "libwebp found no memory");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return vlmc_report_failure(report, VLMC_IMAGE_TRUNCATED, "the file ends inside the compressed image");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return vlmc_report_failure(report, VLMC_IMAGE_UNSUPPORTED, "it uses a feature that libwebp does not have");
    case VP8_STATUS_INVALID_PARAM:
    case VP8_STATUS_BITSTREAM_ERROR:
    case VP8_STATUS_USER_ABORT:
        break;
    }
    return vlmc_report_failure(report, VLMC_IMAGE_DAMAGED, "the compressed image is not valid");
}

static void composite_over_white(const uint8_t *rgba, struct vlmc_webp_frame frame, struct vlmc_rgb_target target) {
    for (int32_t y = 0; y < frame.height; y += 1) {
        uint8_t *pixel = target.pixels + ((size_t)(frame.y + y) * (size_t)target.width + (size_t)frame.x) * 3;
        for (int32_t x = 0; x < frame.width; x += 1, rgba += 4, pixel += 3) {
            for (int channel = 0; channel < 3; channel += 1) {
                pixel[channel] = vlmc_over_white(rgba[channel], rgba[3]);
            }
        }
    }
}

enum vlmc_image_status vlmc_webp_decode(const uint8_t *bytes, size_t count, struct vlmc_webp_frame frame,
                                        struct vlmc_rgb_target target, struct vlmc_image_report *report) {
    WebPDecoderConfig config;
    if (WebPInitDecoderConfig(&config) == 0) {
        return vlmc_report_failure(report, VLMC_IMAGE_UNSUPPORTED, "this libwebp has another interface");
    }
    enum vlmc_image_status status = status_of(WebPGetFeatures(bytes, count, &config.input), report);
    if (status != VLMC_IMAGE_DECODED) {
        return status;
    }
    if (config.input.has_animation || config.input.width != frame.width || config.input.height != frame.height) {
        return vlmc_report_failure(report, VLMC_IMAGE_DAMAGED, "container and image state different sizes");
    }
    const bool lies_on_white = !target.conversion.drops_alpha;
    const bool fills_canvas = frame.width == target.width && frame.height == target.height;
    if (!fills_canvas) {
        memset(target.pixels, lies_on_white ? 255 : 0, (size_t)target.width * (size_t)target.height * 3);
    }
    const bool composites = lies_on_white && config.input.has_alpha;
    uint8_t *rgba = NULL;
    config.output.is_external_memory = 1;
    if (composites) {
        const size_t size = (size_t)frame.width * (size_t)frame.height * 4;
        rgba = malloc(size);
        if (rgba == NULL) {
            return vlmc_report_failure(report, VLMC_IMAGE_OUT_OF_MEMORY, "no memory for the transparent image");
        }
        config.output.colorspace = MODE_RGBA;
        config.output.u.RGBA = (WebPRGBABuffer){.rgba = rgba, .stride = frame.width * 4, .size = size};
    } else {
        const size_t offset = ((size_t)frame.y * (size_t)target.width + (size_t)frame.x) * 3;
        const size_t size = (size_t)target.width * (size_t)target.height * 3 - offset;
        config.output.colorspace = MODE_RGB;
        config.output.u.RGBA =
            (WebPRGBABuffer){.rgba = target.pixels + offset, .stride = target.width * 3, .size = size};
    }
    status = status_of(WebPDecode(bytes, count, &config), report);
    if (status == VLMC_IMAGE_DECODED && composites) {
        composite_over_white(rgba, frame, target);
    }
    WebPFreeDecBuffer(&config.output);
    free(rgba);
    return status;
}
