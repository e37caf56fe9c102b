// Runs `for` loops, plain and recursive. What `loop` says: LoopState.swift.

extension Renderer {
    func execute(_ loop: ForLoop, _ scope: Scope) throws(TemplateError) -> Flow {
        let iterable = try evaluate(loop.iterable, scope)
        place = loop.iterable.offset
        guard loop.isRecursive else { return try run(loop, over: iterable, scope, depth: 0) }
        output.append(try textOfLoop(loop, over: iterable, scope, depth: 0))
        return .onward
    }

    /// The text of a recursive loop, which is what `loop(...)` gives.
    func textOfLoop(
        _ loop: ForLoop,
        over iterable: Value,
        _ scope: Scope,
        depth: Int
    ) throws(TemplateError) -> TemplateText {
        try capture { () throws(TemplateError) in _ = try run(loop, over: iterable, scope, depth: depth) }
    }

    private func run(
        _ loop: ForLoop,
        over iterable: Value,
        _ scope: Scope,
        depth: Int
    ) throws(TemplateError) -> Flow {
        try enter()
        defer { leave() }
        let all = try iterator(over: iterable)
        let state = LoopState(
            loop,
            scope: scope,
            depth: depth,
            iterator: loop.filter == nil ? all : filtered(all, by: loop, scope),
            count: loop.filter == nil ? iterable.count : nil
        )
        defer { state.finish() }
        // An iteration that `break` or `continue` cut short does not count here, as in jinja2.
        var ranToEnd = false
        while let item = try state.next(self) {
            try spend(1)
            let inner = makeScope(loop.body.scope, parent: scope)
            place = loop.offset
            try assign(item, to: loop.target, inner)
            inner.set(loop.loopName, .loop(state))
            let flow = try execute(loop.body.statements, inner)
            if flow == .breakLoop { break }
            if flow == .onward { ranToEnd = true }
        }
        guard !ranToEnd, let otherwise = loop.otherwise else { return .onward }
        return try execute(otherwise.statements, makeScope(otherwise.scope, parent: scope))
    }

    private func filtered(_ all: ValueIterator, by loop: ForLoop, _ scope: Scope) -> ValueIterator {
        ValueIterator(depth: all.depth) { [self] (_) throws(TemplateError) in
            while let item = try all.next(self) {
                let inner = makeScope(loop.filterScope, parent: scope)
                place = loop.offset
                try assign(item, to: loop.target, inner)
                guard let filter = loop.filter, try !isTrue(filter, inner) else { return item }
            }
            return nil
        }
    }
}
