#pragma once

#include <mongoc/mongoc.h>

/* Swift sees bson_t as an opaque type, because of its alignment, and so neither its size nor its fields. */
static inline size_t stt_bson_size(void) { return sizeof(bson_t); }
static inline uint32_t stt_bson_length(const bson_t *bson) { return bson->len; }
