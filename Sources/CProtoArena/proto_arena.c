#include "proto_arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, HEADER_BYTES = ALIGNMENT };

struct stt_proto_chunk {
    struct stt_proto_chunk *next;
    size_t bytes;
    _Alignas(ALIGNMENT) char memory[];
};

static void *fail(struct stt_proto_arena *arena) {
    arena->is_exhausted = true;
    return NULL;
}

static void *allocate(void *data, size_t size) {
    struct stt_proto_arena *arena = data;
    if (size > arena->remaining_budget) return fail(arena);
    size_t total = HEADER_BYTES + ((size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1));
    if (total > arena->remaining_budget) return fail(arena);
    arena->remaining_budget -= total;
    if (total > arena->free_bytes) {
        size_t bytes = total > arena->chunk_bytes ? total : arena->chunk_bytes;
        struct stt_proto_chunk *chunk = malloc(sizeof *chunk + bytes);
        if (chunk == NULL) return fail(arena);
        *chunk = (struct stt_proto_chunk){.next = arena->chunks, .bytes = bytes};
        arena->chunks = chunk;
        arena->free = chunk->memory;
        arena->free_bytes = bytes;
    }
    char *header = arena->free;
    arena->free += total;
    arena->free_bytes -= total;
    *(size_t *)header = size;
    return header + HEADER_BYTES;
}

static void keep(void *data, void *pointer) {
    (void)data;
    (void)pointer;
}

void stt_proto_arena_open(
    struct stt_proto_arena *arena, void *first, size_t first_bytes, size_t budget, size_t chunk_bytes) {
    *arena = (struct stt_proto_arena){
        .allocator = {.alloc = allocate, .free = keep, .allocator_data = arena},
        .first = first,
        .first_bytes = first_bytes,
        .free = first,
        .free_bytes = first_bytes,
        .chunk_bytes = chunk_bytes,
        .remaining_budget = budget,
    };
}

void stt_proto_arena_close(struct stt_proto_arena *arena) {
    struct stt_proto_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct stt_proto_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
}

static bool is_within(const char *memory, size_t bytes, const char *pointer) {
    return (uintptr_t)pointer > (uintptr_t)memory && (uintptr_t)pointer < (uintptr_t)memory + bytes;
}

ptrdiff_t stt_proto_arena_size(const struct stt_proto_arena *arena, const void *pointer) {
    bool is_ours = is_within(arena->first, arena->first_bytes, pointer);
    for (const struct stt_proto_chunk *chunk = arena->chunks; !is_ours && chunk != NULL; chunk = chunk->next) {
        is_ours = is_within(chunk->memory, chunk->bytes, pointer);
    }
    if (!is_ours) return -1;
    const size_t *header = (const size_t *)((const char *)pointer - HEADER_BYTES);
    return (ptrdiff_t)*header;
}
