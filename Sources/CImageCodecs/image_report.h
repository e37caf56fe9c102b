// How the decoders fill a report. Not part of the module's interface.
#pragma once

#include "CImageCodecs.h"

/// Keeps `text` if the report is empty: the first cause is the one worth telling.
void vlmc_report_text(struct vlmc_image_report *report, const char *text);

/// Counts a warning and keeps the first one's text.
void vlmc_report_warning(struct vlmc_image_report *report, const char *text);

/// Replaces warnings by the reason of a failure, and returns `status`.
enum vlmc_image_status vlmc_report_failure(struct vlmc_image_report *report, enum vlmc_image_status status,
                                           const char *text);
