// The module of tiny-smollm2-d: the build plugin adds its sources. SwiftPM wants one file that is there already.
