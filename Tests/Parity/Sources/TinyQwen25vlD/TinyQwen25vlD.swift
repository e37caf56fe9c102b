// The module of tiny-qwen25vl-d: the build plugin adds its sources. SwiftPM wants one file that is there already.
