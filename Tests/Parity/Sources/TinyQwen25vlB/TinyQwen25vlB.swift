// The module of tiny-qwen25vl-b: the build plugin adds its sources. SwiftPM wants one file that is there already.
