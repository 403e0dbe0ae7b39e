#include "store/tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_TEXT_MAX (1 << 20) /* of a pax header or a long name */

/* The places of a head's fields (POSIX.1-2017, pax, "ustar Interchange Format"). */
enum { NAME_AT = 0, NAME_LEN = 100, SIZE_AT = 124, SIZE_LEN = 12, SUM_AT = 148, SUM_LEN = 8, TYPE_AT = 156 };
enum { LINK_AT = 157, LINK_LEN = 100, MAGIC_AT = 257, PREFIX_AT = 345, PREFIX_LEN = 155 };

struct indexing {
    struct arena *arena;
    struct error *error;
    const char *file;
    int fd;
    int64_t at;       /* of the next head */
    size_t room;      /* of the list */
    const char *name; /* that the next entry has by a header of its own; NULL: none */
    int64_t size;     /* the same; -1: none */
    size_t headers;   /* of such */
};

static int bad(struct indexing *reader, const char *what)
{
    return error_set(reader->error, REASON_USAGE, reader->file, "it is no sound archive: %s", what);
}

static int bad_entry(struct indexing *reader, const char *name, const char *what)
{
    return error_set(reader->error, REASON_USAGE, reader->file, "its entry %s %s", name, what);
}

/* 0 at the end of the file, 1 with the bytes, -1 with an error for a part of them. */
static int read_at(struct indexing *reader, void *out, size_t len, int64_t at)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(reader->fd, (char *)out + done, len - done, (off_t)(at + (int64_t)done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(reader->error, REASON_USAGE, reader->file, "cannot read it: %s", strerror(errno));
        if (got == 0)
            return done ? bad(reader, "it ends too early") : 0;
        done += (size_t)got;
    }
    return 1;
}

/* An octal number with blanks around, or GNU's base-256 one. False for others, and for those below zero. */
static bool parse_number(const uint8_t *field, size_t len, int64_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    if (field[0] & 0x80) {
        for (i = 1; i < len - 8; i++)
            if (field[i])
                return false;
        for (; i < len; i++)
            value = value << 8 | field[i];
        *number = (int64_t)value;
        return field[0] == 0x80 && value <= INT64_MAX;
    }
    while (i < len && field[i] == ' ')
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        value = value << 3 | (uint64_t)(field[i] - '0');
    while (i < len && (field[i] == ' ' || !field[i]))
        i++;
    *number = (int64_t)value;
    return i == len;
}

/* The sum counts its own field as blanks. */
static bool has_good_sum(const uint8_t *head)
{
    int64_t sum = 0, said;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : head[i];
    return parse_number(head + SUM_AT, SUM_LEN, &said) && said == sum;
}

static bool is_empty(const uint8_t *head)
{
    for (size_t i = 0; i < TAR_BLOCK; i++)
        if (head[i])
            return false;
    return true;
}

static struct slice field_text(const uint8_t *field, size_t len)
{
    return (struct slice){(const char *)field, strnlen((const char *)field, len)};
}

static const char *name_of_head(struct indexing *reader, const uint8_t *head)
{
    struct slice name = field_text(head + NAME_AT, NAME_LEN), prefix = field_text(head + PREFIX_AT, PREFIX_LEN);
    bool ustar = memcmp(head + MAGIC_AT, "ustar\0", 6) == 0;
    return ustar && prefix.len ? arena_printf(reader->arena, "%.*s/%.*s", SLICE_ARGS(prefix), SLICE_ARGS(name))
                               : arena_copy(reader->arena, name);
}

/* Without "./" in front and '/' behind. */
static const char *clean(struct arena *arena, const char *name)
{
    struct slice text = slice_of(name);
    while (slice_starts(text, "./"))
        text = slice_from(text, 2);
    while (text.len > 1 && slice_ends(text, "/"))
        text.len--;
    return slice_is(text, ".") ? "" : arena_copy(arena, text);
}

/* A name that would lead out of the folder that the archive stands for. */
static bool leads_out(const char *name)
{
    struct slice rest = slice_of(name);
    if (slice_starts(rest, "/"))
        return true;
    while (rest.data)
        if (slice_is(slice_cut(&rest, '/'), ".."))
            return true;
    return false;
}

/* The text that a header of its own carries for the next entry. */
static int read_text(struct indexing *reader, struct arena *arena, int64_t size, struct slice *text)
{
    if (size < 0 || size > HEADER_TEXT_MAX)
        return bad(reader, "a header of it is too long");
    char *data = arena_alloc(arena, (size_t)size + 1);
    int got = size ? read_at(reader, data, (size_t)size, reader->at) : 1;
    if (got <= 0)
        return got < 0 ? -1 : bad(reader, "it ends too early");
    *text = (struct slice){data, (size_t)size};
    return 0;
}

static int take_record(struct indexing *reader, struct slice key, struct slice value)
{
    uint64_t size;
    if (slice_starts(key, "GNU.sparse"))
        return bad(reader, "it has sparse files");
    if (slice_is(key, "path") && value.len)
        reader->name = arena_copy(reader->arena, value);
    if (!slice_is(key, "size"))
        return 0;
    if (!slice_number(value, INT64_MAX, &size))
        return bad(reader, "a size in it is no number");
    reader->size = (int64_t)size;
    return 0;
}

/* "LENGTH KEY=VALUE\n", the length that of the whole record (pax, "pax Extended Header"). */
static int take_pax(struct indexing *reader, struct slice text)
{
    while (text.len) {
        uint64_t len;
        struct slice rest = text;
        struct slice number = slice_cut(&rest, ' ');
        if (!slice_number(number, text.len, &len) || len <= number.len + 1 || text.data[len - 1] != '\n')
            return bad(reader, "a header of it is malformed");
        struct slice value = {rest.data, (size_t)len - number.len - 2};
        struct slice key = slice_cut(&value, '=');
        if (!value.data || take_record(reader, key, value) < 0)
            return value.data ? -1 : bad(reader, "a header of it is malformed");
        text = slice_from(text, (size_t)len);
    }
    return 0;
}

static int add_entry(struct indexing *reader, struct tar *tar, struct tar_entry entry)
{
    if (tar->count == TAR_ENTRIES_MAX)
        return bad(reader, "it has too many entries");
    if (tar->count == reader->room) {
        reader->room = 2 * reader->room + 64;
        struct tar_entry *more = arena_array(reader->arena, reader->room, sizeof *more);
        if (tar->count)
            memcpy(more, tar->list, tar->count * sizeof *more);
        tar->list = more;
    }
    tar->list[tar->count++] = entry;
    return 0;
}

/* An entry that stands for itself; what its headers said is used up. */
static int take_entry(struct indexing *reader, struct tar *tar, const uint8_t *head, char type, int64_t size)
{
    const char *name = reader->name ? reader->name : name_of_head(reader, head);
    int64_t last;
    char byte;
    if (reader->size >= 0)
        size = reader->size;
    reader->name = NULL;
    reader->size = -1;
    if (strlen(name) > TAR_NAME_MAX)
        return bad(reader, "a name in it is too long");
    name = clean(reader->arena, name);
    if (leads_out(name))
        return bad_entry(reader, name, "leads out of the archive");
    if (type == 'S')
        return bad_entry(reader, name, "is a sparse file");
    if (type >= '1' && type <= '6')
        size = 0; /* links, folders and devices have no content, whatever is said */
    if (size > INT64_MAX - reader->at - TAR_BLOCK)
        return bad_entry(reader, name, "is too large");
    last = reader->at + size - 1;
    if (size && read_at(reader, &byte, 1, last) <= 0)
        return bad_entry(reader, name, "is cut off: the archive ends before it");
    struct tar_entry entry = {name, type, reader->at, size, NULL};
    if (type == '2')
        entry.link = arena_copy(reader->arena, field_text(head + LINK_AT, LINK_LEN));
    reader->at += size + (int64_t)tar_padding(size);
    return add_entry(reader, tar, entry);
}

/* What a header says about the next entry. Those of the whole archive, and of links, are of no use. */
static int take_header(struct indexing *reader, char type, int64_t size)
{
    struct arena scratch = {0};
    struct slice text = {"", 0};
    if (++reader->headers > TAR_ENTRIES_MAX)
        return bad(reader, "it has too many headers");
    int status = read_text(reader, &scratch, size, &text);
    reader->at += size + (int64_t)tar_padding(size);
    if (status == 0 && type == 'L' && text.len)
        reader->name = arena_strdup(reader->arena, text.data);
    if (status == 0 && type == 'x')
        status = take_pax(reader, text);
    arena_free(&scratch);
    return status;
}

/* One head and what belongs to it. 1: there may be more, 0: the end. */
static int read_entry(struct indexing *reader, struct tar *tar)
{
    uint8_t head[TAR_BLOCK];
    int64_t size;
    int got = read_at(reader, head, sizeof head, reader->at);
    if (got <= 0 || is_empty(head))
        return got < 0 ? -1 : 0;
    if (!has_good_sum(head) || !parse_number(head + SIZE_AT, SIZE_LEN, &size))
        return bad(reader, "what stands there is no head of an entry");
    reader->at += TAR_BLOCK;
    char type = head[TYPE_AT] ? (char)head[TYPE_AT] : '0';
    if (type == '7')
        type = '0'; /* contiguous: a file to everybody else */
    if (type != 'x' && type != 'g' && type != 'L' && type != 'K')
        return take_entry(reader, tar, head, type, size) < 0 ? -1 : 1;
    return take_header(reader, type, size) < 0 ? -1 : 1;
}

static int compare(const void *a, const void *b)
{
    const struct tar_entry *one = a, *other = b;
    return strcmp(one->name, other->name);
}

int tar_index(struct arena *arena, int fd, const char *file, struct tar *tar, struct error *error)
{
    int more = 1;
    struct indexing reader = {arena, error, file, fd, 0, 0, NULL, -1, 0};
    *tar = (struct tar){fd, NULL, 0};
    while (more > 0)
        more = read_entry(&reader, tar);
    if (more < 0)
        return -1;
    if (!tar->count)
        return bad(&reader, "there is nothing in it");
    qsort(tar->list, tar->count, sizeof *tar->list, compare);
    for (size_t i = 1; i < tar->count; i++)
        if (strcmp(tar->list[i - 1].name, tar->list[i].name) == 0 &&
            (tar->list[i].type != '5' || tar->list[i - 1].type != '5'))
            return bad_entry(&reader, tar->list[i].name, "stands there twice");
    return 0;
}

const struct tar_entry *tar_find(const struct tar *tar, const char *name)
{
    const struct tar_entry wanted = {.name = name};
    return tar->count ? bsearch(&wanted, tar->list, tar->count, sizeof *tar->list, compare) : NULL;
}

size_t tar_padding(int64_t size)
{
    return (size_t)(-size & (TAR_BLOCK - 1));
}

static void write_octal(uint8_t *field, size_t len, uint64_t number)
{
    for (size_t i = len - 1; i-- > 0; number >>= 3)
        field[i] = (uint8_t)('0' + (number & 7));
}

void tar_write_head(struct buf *out, const char *name, int64_t size)
{
    uint8_t head[TAR_BLOCK] = {0};
    unsigned sum = 0;
    memcpy(head + NAME_AT, name, strnlen(name, NAME_LEN));
    write_octal(head + 100, 8, 0644);
    write_octal(head + 108, 8, 0);
    write_octal(head + 116, 8, 0);
    if (size < (1LL << 33)) {
        write_octal(head + SIZE_AT, SIZE_LEN, (uint64_t)size);
    } else { /* more than eleven octal digits hold: base 256, as GNU and the readers of images have it */
        head[SIZE_AT] = 0x80;
        for (size_t i = 0; i < 8; i++)
            head[SIZE_AT + SIZE_LEN - 1 - i] = (uint8_t)((uint64_t)size >> (8 * i));
    }
    write_octal(head + 136, 12, 0);
    head[TYPE_AT] = '0';
    memcpy(head + MAGIC_AT,
           "ustar\0"
           "00",
           8);
    memset(head + SUM_AT, ' ', SUM_LEN);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += head[i];
    write_octal(head + SUM_AT, SUM_LEN - 1, sum);
    head[SUM_AT + 6] = 0;
    buf_add(out, head, sizeof head);
}
