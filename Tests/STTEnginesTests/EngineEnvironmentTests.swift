import Testing

@testable import STTEngines

@Suite("The environment of an engine")
struct EngineEnvironmentTests {
    @Test("asks for large pages, beside what is set, and not against it")
    func tunables() {
        func tunables(_ set: String?) -> String? {
            EngineEnvironment.adding(to: ["PATH": "/bin"].merging(set.map { ["GLIBC_TUNABLES": $0] } ?? [:]) { $1 })[
                "GLIBC_TUNABLES"]
        }
        #expect(tunables(nil) == "glibc.malloc.hugetlb=1")
        #expect(tunables("") == "glibc.malloc.hugetlb=1")
        #expect(tunables("glibc.malloc.check=1") == "glibc.malloc.check=1:glibc.malloc.hugetlb=1")
        #expect(tunables("glibc.malloc.hugetlb=0") == "glibc.malloc.hugetlb=0")
        #expect(EngineEnvironment.variables["PATH"] != nil)
    }
}
