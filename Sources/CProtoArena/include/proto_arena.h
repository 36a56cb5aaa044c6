// The memory of one protobuf message while it is being read. In C because protobuf-c calls the allocator for every
// field of a message, a million times for one that a hostile peer made.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/// A bump allocator under a budget. Every allocation is preceded by its size, so that a string's true length is known:
/// protobuf-c terminates strings with a NUL and forgets how long they were, which would hide a NUL inside one.
///
/// Belongs to one thread. Must not be moved between `stt_proto_arena_open` and `stt_proto_arena_close`.
struct stt_proto_arena {
    /// protobuf-c's view of this arena. What it frees stays allocated until the arena is closed.
    ProtobufCAllocator allocator;
    /// The caller's memory, which comes first and is never freed here.
    char *first;
    size_t first_bytes;
    /// Allocated beyond the first, the newest in front.
    struct stt_proto_chunk *chunks;
    /// Where the next allocation goes, and how much room there is.
    char *free;
    size_t free_bytes;
    size_t chunk_bytes;
    size_t remaining_budget;
    /// Whether an allocation failed: by the budget, or because the system had no memory.
    bool is_exhausted;
};

/// `first` is aligned to 16 bytes and has to outlive the arena. `budget` bounds the bytes of all allocations together, with
/// what the arena itself takes for each. `chunk_bytes` are taken from the system at a time, once the first memory is full.
void stt_proto_arena_open(struct stt_proto_arena *arena, void *first, size_t first_bytes, size_t budget, size_t chunk_bytes);

/// Frees all but the first memory.
void stt_proto_arena_close(struct stt_proto_arena *arena);

/// The size asked for at the allocation of `pointer`, or -1 where this arena did not make it (a default value of the
/// generated code).
ptrdiff_t stt_proto_arena_size(const struct stt_proto_arena *arena, const void *pointer);
