// One program with the verbs of every tiny model: `parity MODEL VERB ...`.
// The models are modules that the build plugin made of the TOML files beside this folder.

import ModelCommands
import ModelRuntime
import TinyQwen25vlA
import TinyQwen25vlB
import TinyQwen25vlC
import TinyQwen25vlD
import TinyQwen25vlE
import TinyQwen25vlF
import TinyQwen25vlG
import TinyQwen2vlA
import TinyQwen2vlB
import TinyQwen2vlC
import TinySmollm2A
import TinySmollm2B
import TinySmollm2C
import TinySmollm2D

@main
struct Parity {
    static var models: [any CompiledModel.Type] {
        [
            TinyQwen25vlA.self, TinyQwen25vlB.self, TinyQwen25vlC.self, TinyQwen25vlD.self,
            TinyQwen25vlE.self, TinyQwen25vlF.self, TinyQwen25vlG.self, TinyQwen2vlA.self,
            TinyQwen2vlB.self, TinyQwen2vlC.self, TinySmollm2A.self, TinySmollm2B.self,
            TinySmollm2C.self, TinySmollm2D.self,
        ]
    }

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let name = arguments.first, let model = models.first(where: { $0.manifest.name == name }) else {
            for model in models { print(model.manifest.name) }
            return
        }
        ModelProgram.run(model, arguments: Array(arguments.dropFirst()))
    }
}
