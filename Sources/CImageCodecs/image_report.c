// Fills the report of a decoder; see CImageCodecs.h.
#include "image_report.h"

#include <string.h>

static void copy_text(struct vlmc_image_report *report, const char *text) {
    size_t used = 0;
    for (; used + 1 < sizeof report->message && text[used] != '\0'; used += 1) {
        // Codec messages may quote bytes of the file: keep what is safe to print anywhere.
        const char character = text[used];
        report->message[used] = (character >= ' ' && character <= '~') ? character : '?';
    }
    report->message[used] = '\0';
}

void vlmc_report_text(struct vlmc_image_report *report, const char *text) {
    if (report->message[0] == '\0') {
        copy_text(report, text);
    }
}

void vlmc_report_warning(struct vlmc_image_report *report, const char *text) {
    if (report->warning_count < INT32_MAX) {
        report->warning_count += 1;
    }
    vlmc_report_text(report, text);
}

enum vlmc_image_status vlmc_report_failure(struct vlmc_image_report *report, enum vlmc_image_status status,
                                           const char *text) {
    copy_text(report, text);
    return status;
}
