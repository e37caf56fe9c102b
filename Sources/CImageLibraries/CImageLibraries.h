// The system's image libraries as one module, whose import links them statically. Not called from Swift: libpng and
// libjpeg report errors through longjmp, which may not cross a Swift frame. Read next: ../CImageCodecs.
#pragma once

#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>
#include <zlib.h>
