// The module of tiny-qwen25vl-e: the build plugin adds its sources. SwiftPM wants one file that is there already.
