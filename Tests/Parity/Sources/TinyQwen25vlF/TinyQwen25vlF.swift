// The module of tiny-qwen25vl-f: the build plugin adds its sources. SwiftPM wants one file that is there already.
