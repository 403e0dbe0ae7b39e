#ifndef ECR_BASE_ARENA_H
#define ECR_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * A region of memory that is given back as a whole. A command owns one, each request a scratch one that is reset
 * after it. Nothing taken from an arena is freed by itself. What is given back is wiped first, so that an arena may
 * hold secrets. Running out of memory ends the program (out_of_memory): no caller checks for NULL.
 */
struct arena_block;
struct arena {
    struct arena_block *newest;
};

/* Prints one line on stderr and ends the program with status 5: "could not find out". */
_Noreturn void out_of_memory(void);

/* malloc that never returns NULL. The caller frees with wipe_free or free. */
void *must_alloc(size_t size);

/* Wipes and frees. NULL is allowed. */
void wipe_free(void *memory, size_t size);

/* Zeroed memory, aligned for any type. It lives until the arena is reset or freed. */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of `count` zeroed elements; the multiplication is checked. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies with a NUL behind. */
char *arena_copy(struct arena *arena, struct slice text);
char *arena_lower(struct arena *arena, struct slice text); /* ASCII letters in lower case */
char *arena_strdup(struct arena *arena, const char *text);
struct slice arena_slice(struct arena *arena, struct slice text);

/* printf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args);

/* Wipes and frees everything; the arena can be used again. */
void arena_free(struct arena *arena);

/* Takes over all that another arena holds, which is empty then. */
void arena_adopt(struct arena *arena, struct arena *other);

/* As arena_free, but keeps the first block for the next use. */
void arena_reset(struct arena *arena);

#endif
