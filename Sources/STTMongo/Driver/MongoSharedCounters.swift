import Glibc

/// The statistics that libmongoc keeps in shared memory, for `mongoc-stat` to read.
///
/// The library makes `/dev/shm/mongoc-PID` as soon as it is loaded, before `main`, and removes it at a normal exit. A
/// process that is killed leaves it, and the next one of that process ID warns about it on standard error.
public enum MongoSharedCounters {
    /// Removes the name; the process keeps its memory. To be called first in `main`.
    public static func unlink() {
        // There is none where MONGOC_DISABLE_SHM is set: nothing to do then.
        _ = shm_unlink("/mongoc-\(getpid())")
    }
}
