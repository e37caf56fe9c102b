// The module of the model in reader.toml: the build plugin adds its sources. SwiftPM wants one file that is there already.
