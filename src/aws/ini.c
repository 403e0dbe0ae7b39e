#include "aws/ini.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice without_comment(struct slice value)
{
    for (size_t i = 1; i < value.len; i++)
        if ((value.data[i] == '#' || value.data[i] == ';') && is_blank(value.data[i - 1]))
            return slice_trim(slice_head(value, i));
    return value;
}

static size_t count_lines(struct slice text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    return lines;
}

static bool parse_section(struct slice line, struct slice *section)
{
    ptrdiff_t end = slice_find(line, ']');
    struct slice behind = slice_trim(slice_from(line, (size_t)(end + 1)));
    if (end < 0 || (behind.len && behind.data[0] != '#' && behind.data[0] != ';'))
        return false;
    *section = slice_trim(slice_head(slice_from(line, 1), (size_t)end - 1));
    return true;
}

static bool parse_pair(struct slice line, struct ini_entry *entry)
{
    struct slice value = line;
    entry->key = slice_trim(slice_cut(&value, '='));
    if (!value.data || entry->key.len == 0)
        return false;
    entry->value = slice_trim(value);
    if (entry->value.len && (entry->value.data[0] == '#' || entry->value.data[0] == ';') && is_blank(value.data[0]))
        entry->value.len = 0;
    entry->value = without_comment(entry->value);
    return true;
}

/* What the lines so far mean for the next one. */
struct place {
    struct slice section;
    struct slice open_key; /* a key without a value, which deeper lines may follow */
    ptrdiff_t indent;      /* of the last key; -1 behind a section's line */
};

static bool take_section(struct slice line, struct place *place, struct ini *ini)
{
    if (!parse_section(line, &place->section))
        return false;
    place->indent = -1;
    ini->entries[ini->count++] = (struct ini_entry){.section = place->section};
    return true;
}

/*
 * Takes one line that is neither empty nor a comment. Only what is indented deeper than the key before it belongs to
 * that key; a whole section may be indented.
 */
static bool take_line(struct slice line, ptrdiff_t indent, struct place *place, struct ini *ini)
{
    struct ini_entry *entry = &ini->entries[ini->count];
    bool deeper = place->indent >= 0 && indent > place->indent;
    if (!deeper && line.data[0] == '[')
        return take_section(line, place, ini);
    if (deeper && place->open_key.len == 0)
        return true; /* a continued value: no key that we read has one */
    if (!place->section.data || !parse_pair(line, entry))
        return false;
    entry->section = place->section;
    entry->parent = deeper ? place->open_key : (struct slice){NULL, 0};
    if (!deeper) {
        place->open_key = entry->value.len ? (struct slice){NULL, 0} : entry->key;
        place->indent = indent;
    }
    ini->count++;
    return true;
}

size_t ini_parse(struct arena *arena, struct slice text, struct ini *ini)
{
    struct place place = {.indent = -1};
    if (slice_starts(text, "\xef\xbb\xbf"))
        text = slice_from(text, 3);
    *ini = (struct ini){arena_array(arena, count_lines(text), sizeof *ini->entries), 0};
    for (size_t number = 1; text.data; number++) {
        struct slice raw = slice_cut(&text, '\n');
        struct slice line = slice_trim(raw);
        if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';')
            continue;
        if (!take_line(line, line.data - raw.data, &place, ini))
            return number;
    }
    return 0;
}
