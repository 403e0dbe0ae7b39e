/* The XML of STS: what is read lies in the text and is whole, and a document in a wrong place is none. */
#include "aws/protocol.h"
#include "base/utf8.h"
#include "fuzz.h"

static int parse_around(struct arena *arena, const char *before, struct slice text, const char *behind, struct xml *xml)
{
    struct buf all = BUF_INIT;
    buf_str(&all, before);
    buf_slice(&all, text);
    buf_str(&all, behind);
    size_t len = all.len;
    return xml_parse(arena, (struct slice){buf_detach(&all, arena), len}, xml);
}

static void check_text(struct arena *arena, const struct xml *xml, const struct xml_text *element, struct slice text)
{
    size_t depth = 1;
    MUST(within(element->raw, text) && element->raw.len && slice_trim(element->raw).len == element->raw.len);
    MUST(slice_find(element->raw, '<') < 0 && slice_find(element->raw, 0) < 0);
    for (const char *c = element->path; *c; c++) {
        MUST(ascii_is_alnum(*c) || strchr("-_./", *c));
        depth += *c == '/';
    }
    MUST(depth <= XML_DEPTH_MAX);
    const char *got = xml_get(xml, arena, element->path), *name = strrchr(element->path, '/');
    MUST(got && *got && xml_get(xml, arena, name ? name + 1 : element->path)); /* of "<a:>" the local name is empty */
    bool first = true;
    for (const struct xml_text *other = xml->texts; other < element; other++)
        first = first && !slice_ends(slice_of(other->path), element->path);
    MUST(!first || (strlen(got) <= element->raw.len && (slice_find(element->raw, '&') >= 0 || slice_is(element->raw, got))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice text = input(data, size);
    struct xml xml, again;
    struct http_head head = {.status = 400};
    struct aws_failure failure;
    if (xml_parse(&arena, text, &xml) == 0) {
        MUST(xml.count <= XML_TEXTS_MAX && size >= 4);
        for (size_t i = 0; i < xml.count && i < 20; i++)
            check_text(&arena, &xml, &xml.texts[i], text);
        MUST(!xml_get(&xml, &arena, "no/such/element"));
        MUST(parse_around(&arena, "x", text, "", &again) < 0 && parse_around(&arena, "", text, "x", &again) < 0);
        MUST(parse_around(&arena, "", text, "<a/>", &again) < 0 && parse_around(&arena, "<w>", text, "", &again) < 0);
        if (parse_around(&arena, "<w>", text, "</w>", &again) == 0) /* it may be too deep then */
            MUST(again.count == xml.count && (!xml.count || slice_equal(again.texts[0].raw, xml.texts[0].raw)));
    }
    aws_query_protocol.read_failure(&arena, &head, text, &failure);
    for (const char *c = failure.code; c && *c; c++)
        MUST(ascii_is_alnum(*c) || *c == '_' || *c == '.');
    MUST(!failure.request_id || strlen(failure.request_id) <= 64);
    arena_free(&arena);
    return 0;
}
