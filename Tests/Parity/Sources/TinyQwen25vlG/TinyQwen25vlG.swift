// The module of tiny-qwen25vl-g: the build plugin adds its sources. SwiftPM wants one file that is there already.
