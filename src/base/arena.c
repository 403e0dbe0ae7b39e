#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

/* Most commands fit into one block; a page less the allocator's own header would waste none, 8 KiB is two. */
#define ARENA_BLOCK 8000
#define ARENA_ALIGN _Alignof(max_align_t)

struct arena_block {
    struct arena_block *older;
    size_t size;
    size_t used;
    _Alignas(max_align_t) char data[];
};

_Noreturn void out_of_memory(void)
{
    static const char text[] = "ecr: out of memory\n";
    ssize_t ignored = write(2, text, sizeof text - 1);
    (void)ignored;
    _exit(5);
}

void *must_alloc(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void wipe_free(void *memory, size_t size)
{
    if (memory)
        explicit_bzero(memory, size);
    free(memory);
}

static struct arena_block *block_new(struct arena_block *older, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct arena_block))
        out_of_memory();
    struct arena_block *block = must_alloc(sizeof *block + size);
    block->older = older;
    block->size = size;
    block->used = 0;
    return block;
}

static void block_free(struct arena_block *block)
{
    wipe_free(block, sizeof *block + block->used);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN)
        out_of_memory();
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct arena_block *block = arena->newest;
    if (!block || block->size - block->used < size) {
        block = block_new(arena->newest, size > ARENA_BLOCK ? size : ARENA_BLOCK);
        arena->newest = block;
    }
    void *memory = block->data + block->used;
    block->used += size;
    memset(memory, 0, size);
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        out_of_memory();
    return arena_alloc(arena, count * size);
}

char *arena_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    return copy;
}

char *arena_lower(struct arena *arena, struct slice text)
{
    char *copy = arena_copy(arena, text);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = ascii_lower(copy[i]);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_copy(arena, slice_of(text));
}

struct slice arena_slice(struct arena *arena, struct slice text)
{
    return (struct slice){arena_copy(arena, text), text.len};
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    struct buf text = BUF_INIT;
    buf_vprintf(&text, format, args);
    return buf_detach(&text, arena);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->newest) {
        struct arena_block *block = arena->newest;
        arena->newest = block->older;
        block_free(block);
    }
}

void arena_adopt(struct arena *arena, struct arena *other)
{
    struct arena_block *oldest = other->newest;
    while (oldest && oldest->older)
        oldest = oldest->older;
    if (oldest) {
        oldest->older = arena->newest;
        arena->newest = other->newest;
        other->newest = NULL;
    }
}

void arena_reset(struct arena *arena)
{
    while (arena->newest && arena->newest->older) {
        struct arena_block *block = arena->newest;
        arena->newest = block->older;
        block_free(block);
    }
    if (arena->newest) {
        explicit_bzero(arena->newest->data, arena->newest->used);
        arena->newest->used = 0;
    }
}
