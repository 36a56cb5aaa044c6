import Testing

@testable import STTEngines

@Suite("Slots and threads")
struct SlotPlanTests {
    private static let gibibyte = 1 << 30

    @Test(
        "are a slot a core with one thread, unless memory or the settings say otherwise",
        arguments: [
            // cores, slots, threads, memory in GiB, model in MiB → slots, threads
            (2, nil, nil, 24, 74, 2, 1), (1, nil, nil, 1, 74, 1, 1), (6, nil, nil, 64, 74, 6, 1),
            (32, nil, nil, 256, 74, 8, 4), (8, nil, nil, 16, 3_000, 1, 8), (8, nil, nil, 32, 1_500, 6, 1),
            (8, 2, nil, 16, 74, 2, 4), (8, nil, 4, 16, 74, 2, 4), (2, 4, nil, 16, 74, 4, 1), (4, 3, 5, 16, 74, 3, 5),
            (2, nil, 4, 16, 74, 1, 4),
        ] as [(Int, Int?, Int?, Int, Int, Int, Int)])
    func plans(cores: Int, slots: Int?, threads: Int?, memory: Int, model: Int, expected: Int, each: Int) {
        let plan = SlotPlan(
            slots: slots, threads: threads, cores: cores, memoryBytes: memory * Self.gibibyte, modelBytes: model << 20)
        #expect(plan.slots == expected)
        #expect(plan.threads == each)
    }

    @Test("count the two processors of a core once, and those only that may be used")
    func cores() {
        func info(_ ids: [(Int, Int, Int)]) -> String {
            ids.map { "processor\t: \($0)\nmodel name\t: A: B\nphysical id\t: \($1)\ncore id\t\t: \($2)\n" }.joined(
                separator: "\n")
        }
        let twoThreads = info([(0, 0, 0), (1, 0, 1), (2, 0, 0), (3, 0, 1)])
        #expect(ProcessorFeatures.cores(cpuinfo: twoThreads, usable: [0, 1, 2, 3]) == 2)
        #expect(ProcessorFeatures.cores(cpuinfo: twoThreads, usable: [0, 2]) == 1)
        #expect(ProcessorFeatures.cores(cpuinfo: info([(0, 0, 0), (1, 1, 0)]), usable: [0, 1]) == 2)
        #expect(ProcessorFeatures.cores(cpuinfo: "processor : 0\n\nprocessor : 1\n", usable: [0, 1]) == 2)
        #expect(ProcessorFeatures.cores(cpuinfo: "", usable: [0, 1, 2]) == 3)
    }

    @Test("are told the processors that a process may run on")
    func allowed() {
        #expect(ProcessorFeatures.allowedProcessors(status: "Name:\tx\nCpus_allowed_list:\t0-2,8\n") == [0, 1, 2, 8])
        #expect(ProcessorFeatures.allowedProcessors(status: "Cpus_allowed_list:\t5\n") == [5])
        #expect(ProcessorFeatures.allowedProcessors(status: "Cpus_allowed_list:\t3-1,x\n").isEmpty)
        #expect(ProcessorFeatures.usableCores >= 1)
    }

    @Test("go with bfloat16 where the processor's flags name it")
    func flags() {
        #expect(ProcessorFeatures.hasBFloat16(cpuinfo: "processor : 0\nflags\t\t: fpu avx512_bf16 vme\n"))
        #expect(ProcessorFeatures.hasBFloat16(cpuinfo: "Features\t: fp asimd bf16\n"))
        #expect(!ProcessorFeatures.hasBFloat16(cpuinfo: "flags\t\t: fpu avx512f\nbugs : bf16\n"))
        #expect(!ProcessorFeatures.hasBFloat16(cpuinfo: ""))
    }
}
