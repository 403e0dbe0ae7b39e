/* YAML as far as manifests need it, the images that files name, and the variables of Compose files. */
#include "unit.h"

#include "image/listing.h"
#include "image/yaml.h"

/* The walk as lines "line way=text", the steps set apart by '.', elements as "-". */
static void note_scalar(void *context, const struct yaml_scalar *scalar)
{
    buf_printf(context, "%s%zu ", ((struct buf *)context)->len ? "; " : "", scalar->line);
    for (size_t i = 0; i < scalar->depth; i++)
        buf_printf(context, "%s%s", i ? "." : "", scalar->way[i].name ? scalar->way[i].name : "-");
    buf_printf(context, "=%s", scalar->text);
}

/* What a text shows; of a broken one "!LINE fault". */
static const char *walk_slice(struct slice text)
{
    struct buf out = BUF_INIT;
    size_t line = 0;
    char *exact = malloc(text.len ? text.len : 1); /* a byte too far would be seen */
    memcpy(exact, text.data, text.len);
    const char *fault = yaml_walk(&arena, (struct slice){exact, text.len}, note_scalar, &out, &line);
    free(exact);
    if (!fault)
        return buf_detach(&out, &arena);
    buf_free(&out);
    return arena_printf(&arena, "!%zu %s", line, fault);
}

static const char *walk(const char *text)
{
    return walk_slice(slice_of(text));
}

static void test_blocks(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"", ""}, {"\n\n# only a comment\n  # and another\n", ""}, {"---\n...\n", ""}, {"a: 1\n", "1 a=1"}, {"a: 1", "1 a=1"},
        {"a: 1\r\nb: 2\r\n", "1 a=1; 2 b=2"},
        {"a:\n  b:\n    c: 1\n  d: 2\ne: 3\n", "3 a.b.c=1; 4 a.d=2; 5 e=3"},
        {"a:\nb: 1\n", "2 b=1"}, {"a: # nothing\nb: 1\n", "2 b=1"}, {"a: b:1\n", "1 a=b:1"}, {"a: b#c\n", "1 a=b#c"},
        {"a: b #c\n", "1 a=b"}, {"a: b\t#c\n", "1 a=b"}, {"a:\tb\n", "1 a=b"}, {"a :  b\n", "1 a=b"}, {"a:b: c\n", "1 a:b=c"},
        {"- 1\n- 2\n", "1 -=1; 2 -=2"}, {"-\n  a: 1\n-\n  b: 2\n", "2 -.a=1; 4 -.b=2"},
        {"a:\n- 1\n- 2\nb: 3\n", "2 a.-=1; 3 a.-=2; 4 b=3"}, {"a:\n  - 1\n  - 2\nb: 3\n", "2 a.-=1; 3 a.-=2; 4 b=3"},
        {"a:\n- b: 1\n  c: 2\n- b: 3\nd: 4\n", "2 a.-.b=1; 3 a.-.c=2; 4 a.-.b=3; 5 d=4"},
        {"a:\n-   b: 1\n    c: 2\n", "2 a.-.b=1; 3 a.-.c=2"}, {"a:\n- b:\n  - c: 1\n  d: 2\n", "3 a.-.b.-.c=1; 4 a.-.d=2"},
        {"- - 1\n  - 2\n- 3\n", "1 -.-=1; 2 -.-=2; 3 -=3"}, {"a:\n  1\nb:\n  c#d\n", "2 a=1; 4 b=c#d"},
        {"a:\n    - x\n    -\n      y: 1\n", "2 a.-=x; 4 a.-.y=1"}, {"- -1\n- -\n- --x\n", "1 -=-1; 3 -=--x"},
        {"a: 1\n---\nb: 2\n", "1 a=1; 3 b=2"}, {"a:\n  b: 1\n--- # next\n  c: 2\n", "2 a.b=1; 4 c=2"},
        {"a:\n--- {b: 1}\n", "2 b=1"}, {"a: 1\n...\nb: 2\n", "1 a=1; 3 b=2"}, {"%YAML 1.2\n---\na: 1\n", "3 a=1"},
        {"a: ---\n", "1 a=---"}, {"a: &x b\n", "1 a=b"}, {"a: &x\n  b: 1\n", "2 a.b=1"}, {"a: !!str b\n", "1 a=b"},
        {"a: !t &x b\n", "1 a=b"}, {"- &x\n  a: 1\n- &y b: 2\n", "2 -.a=1; 3 -.b=2"}, {"a: *x\n", "1 a=*x"}, {"<<: *x\n", "1 <<=*x"},
        {"a: 'b'\n", "1 a=b"}, {"a: \"b\"\n", "1 a=b"}, {"a: ''\nb: \"\"\n", "1 a=; 2 b="}, {"a: 'b: c # d'\n", "1 a=b: c # d"},
        {"a: 'it''s'\n", "1 a=it's"}, {"a: \"b\\\"c\\\\d\\/e\"\n", "1 a=b\"c\\d/e"}, {"a: \"b\" # c\n", "1 a=b"},
        {"a: \"b\n  c\"\nd: 1\n", "2 a=b c; 3 d=1"}, {"'a b': 1\n\"c: d\": 2\n", "1 a b=1; 2 c: d=2"}, {"- 'a'\n- \"b: c\"\n", "1 -=a; 2 -=b: c"},
        {"'a': 'b'\n", "1 a=b"}, {"- 'a': b\n", "1 -.a=b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(walk(rows[i].text), rows[i].shown, "%s", rows[i].text);
}

static void test_flow(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"{}", ""}, {"[]", ""}, {"[ ]\n", ""}, {"{\n}\n", ""}, {"[a, b]", "1 -=a; 1 -=b"}, {"[a,b,]", "1 -=a; 1 -=b"},
        {"{a: 1,b: 2}", "1 a=1; 1 b=2"}, {"{a: 1, b: 2}", "1 a=1; 1 b=2"}, {"{\"a\":1,\"b\":[\"c\",{\"d\":\"e\"}]}", "1 a=1; 1 b.-=c; 1 b.-.d=e"},
        {"{\"a\": 1, \"b\": [\"c\", {\"d\": \"e\"}]}", "1 a=1; 1 b.-=c; 1 b.-.d=e"},
        {"{\n\t\"a\": {\n\t\t\"b\": \"c\"\n\t}\n}\n", "3 a.b=c"}, {"{a}", ""}, {"{a, b: 1}", "1 b=1"}, {"{a: , b: 1}", "1 b=1"},
        {"a: [b, c] # d\ne: 1\n", "1 a.-=b; 1 a.-=c; 2 e=1"}, {"a: [b, # c\n  d]\n", "1 a.-=b; 2 a.-=d"},
        {"a: {b: c:1, d: e}\n", "1 a.b=c:1; 1 a.d=e"}, {"a: [b#c]\n", "1 a.-=b#c"}, {"a: [*x, &y z]\n", "1 a.-=*x; 1 a.-=z"},
        {"a: ['b, c', \"d]\"]\n", "1 a.-=b, c; 1 a.-=d]"}, {"a:\n  [b]\nc: 1\n", "2 a.-=b; 3 c=1"},
        {"- [a, b]\n- {c: d}\n", "1 -.-=a; 1 -.-=b; 2 -.c=d"}, {"a:\n- {b: 1, c: 2}\n- {b: 3}\n", "2 a.-.b=1; 2 a.-.c=2; 3 a.-.b=3"},
        {"{\"a\": 1}\n---\n{\"b\": 2}\n", "1 a=1; 3 b=2"}, {"a: [{b: [{c: d}]}]\n", "1 a.-.b.-.c=d"},
        {"{a: 1}\n{b: 2}\n", "1 a=1; 2 b=2"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(walk(rows[i].text), rows[i].shown, "%s", rows[i].text);
}

/* What stands in a block scalar is one text, whatever it looks like. */
static void test_block_scalars(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"a: |\n  b: 1\nc: 2\n", "1 a=b: 1; 3 c=2"}, {"a: >-\n  b\n  d\nc: 2\n", "1 a=b d; 4 c=2"}, {"a: |2+ # x\n  b\nc: 2\n", "1 a=b; 3 c=2"},
        {"a:\n  b: |\n    c: 1\n  d: 2\n", "2 a.b=c: 1; 4 a.d=2"}, {"a: |\n\tb\n", "!2 a tab stands in the indentation"}, {"a: |\n", "1 a="}, {"a: |", "1 a="},
        {"a: |\n  [ -n \"$X\" ] && \"y\n", "1 a=[ -n \"$X\" ] && \"y"}, {"- |\n  a: 1\n- b\n", "1 -=a: 1; 3 -=b"},
        {"- |\n  [ x ] && y\n  \"quoted\" and more\n- b\n", "1 -=[ x ] && y\n\"quoted\" and more; 4 -=b"},
        {"a:\n- |\n  b: 1\n- c\n", "2 a.-=b: 1; 4 a.-=c"}, {"a:\n  - >\n    b: 1\n  - c\n", "2 a.-=b: 1; 4 a.-=c"}, {"a:\n  - |\n   b: 1\n  - c\n", "2 a.-=b: 1; 4 a.-=c"},
        {"- a: |\n    b: 1\n  c: 2\n", "1 -.a=b: 1; 3 -.c=2"}, {"- - |\n    a: 1\n  - b\n", "1 -.-=a: 1; 3 -.-=b"}, {"a: &x |\n  b: 1\nc: *x\n", "1 a=b: 1; 3 c=b: 1"},
        {"a: !t |\n  b: 1\nc: 2\n", "1 a=b: 1; 3 c=2"}, {"a:\n  |\n  b: 1\nc: 2\n", "2 a=b: 1; 4 c=2"}, {"a: |\n  b\n---\nc: 1\n", "1 a=b; 4 c=1"},
        {"a: |\n  b\n# a comment of the mapping\nc: 1\n", "1 a=b; 4 c=1"}, {"a: |\n  b\n\nc: 1\n", "1 a=b; 4 c=1"}, {"a: |\r\n  b\r\n  c\r\n", "1 a=b\nc"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(walk(rows[i].text), rows[i].shown, "%s", rows[i].text);
}

/* An alias is the scalar that was anchored last under its name; one that means a collection, or nothing, stays a text. */
static void test_aliases(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"a: &x b\nc: *x\n", "1 a=b; 2 c=b"}, {"a: &x b\nc: &x d\ne: *x\n", "1 a=b; 2 c=d; 3 e=d"}, {"a: *x\nb: &x c\n", "1 a=*x; 2 b=c"},
        {"a: &x\n  b: 1\nc: *x\n", "2 a.b=1; 3 c=*x"}, {"a: &x [b]\nc: *x\n", "1 a.-=b; 2 c=*x"}, {"a: &x {b: 1}\nc: *x\n", "1 a.b=1; 2 c=*x"},
        {"- &x a\n- *x\n", "1 -=a; 2 -=a"}, {"[&x a, *x]", "1 -=a; 1 -=a"}, {"a: &x 'b c'\nd: [*x]\n", "1 a=b c; 2 d.-=b c"}, {"a: &x b\nc: '*x'\n", "1 a=b; 2 c=*x"},
        {"a: &x b\nc: *y\n", "1 a=b; 2 c=*y"}, {"a: &x b\nc: *x # d\n", "1 a=b; 2 c=b"}, {"a: &x *y\nb: *x\n", "1 a=*y; 2 b=*y"},
        {"a: &x # nothing\nb: 1\nc: *x\n", "2 b=1; 3 c=*x"}, {"&x a: 1\nb: *x\n", "1 a=1; 2 b=*x"}, {"- &x a: 1\n- *x\n", "1 -.a=1; 2 -=*x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(walk(rows[i].text), rows[i].shown, "%s", rows[i].text);
}

static void test_broken_yaml(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"plain\n", "!1 it is neither 'key: value' nor '- element'"}, {"a: 1\nplain\n", "!2 it is neither 'key: value' nor '- element'"},
        {"a: 'b\n", "!1 a quote is not closed"}, {"a: 1\nb: \"c\n\n\n", "!2 a quote is not closed"}, {"a: \"b\\\"", "!1 a quote is not closed"},
        {"a: 'b''", "!1 a quote is not closed"}, {"a: \"b\" c\n", "!1 something stands behind the end of a value"},
        {"a: [b] c\n", "!1 something stands behind the end of a value"}, {"a: {b: c} }\n", "!1 something stands behind the end of a value"},
        {"[a", "!1 a bracket is not closed"}, {"[", "!1 a bracket is not closed"}, {"{", "!1 a bracket is not closed"}, {"{a: ", "!1 a bracket is not closed"},
        {"{a: b", "!1 a bracket is not closed"}, {"[a}", "!1 a comma or a bracket is missing"}, {"{a: b]", "!1 a comma or a bracket is missing"},
        {"[\"a\" b]", "!1 a comma or a bracket is missing"}, {"{[a]: b}", "!1 a comma or a bracket is missing"}, {"[a: b]", "!1 a comma or a bracket is missing"},
        {"a:\n\tb: 1\n", "!2 a tab stands in the indentation"}, {"\ta: 1\n", "!1 a tab stands in the indentation"},
        {"<html>\n", "!1 it is neither 'key: value' nor '- element'"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(walk(rows[i].text), rows[i].shown, "%s", rows[i].text);
    /* NUL bytes: what is shown is never a part of what stands there. */
    static const char *const cut[] = {"a: \"b\\\0c\"\n", "[a\0b]\n", "{a\0: b}\n"};
    static const size_t lengths[] = {10, 6, 9};
    for (size_t i = 0; i < COUNT(cut); i++)
        CHECK(walk_slice((struct slice){cut[i], lengths[i]})[0] == '!', "row %zu", i);
}

static char *nested(const char *open, size_t depth, const char *inside, const char *close)
{
    return arena_printf(&arena, "%s%s%s", repeat(open, depth), inside, repeat(close, depth));
}

static void test_depth(void **state)
{
    (void)state;
    static const struct {
        const char *open, *close;
    } rows[] = {{"[", "]"}, {"{a: ", "}"}, {"- ", ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *most = walk(nested(rows[i].open, YAML_DEPTH_MAX, "x", rows[i].close));
        const char *more = walk(nested(rows[i].open, YAML_DEPTH_MAX + 1, "x", rows[i].close));
        const char *many = walk(nested(rows[i].open, 200000, "x", ""));
        CHECK(most[0] == '1' && strcmp(most + strlen(most) - 2, "=x") == 0, "%s: %s", rows[i].open, most);
        CHECK_TEXT(more, "!1 it is nested too deep", "%s", rows[i].open);
        CHECK_TEXT(many, "!1 it is nested too deep", "%s", rows[i].open);
    }
    struct buf text = BUF_INIT;
    for (size_t i = 0; i <= YAML_DEPTH_MAX; i++)
        buf_printf(&text, "%sa:\n", repeat(" ", i));
    CHECK_TEXT(walk(text.data), arena_printf(&arena, "!%d it is nested too deep", YAML_DEPTH_MAX + 1), "keys");
    buf_free(&text);
}

/* Images as "text@line", set apart by a blank; of a broken text "!LINE fault". */
static const char *list_named(const char *text, const char *name)
{
    struct listing listing;
    struct buf out = BUF_INIT;
    size_t line;
    const char *fault = listing_read(&arena, arena_slice(&arena, slice_of(text)), name, &listing, &line);
    if (fault)
        return arena_printf(&arena, "!%zu %s", line, fault);
    for (size_t i = 0; i < listing.count; i++)
        buf_printf(&out, "%s%s@%zu", i ? " " : "", listing.images[i].text, listing.images[i].line);
    return buf_detach(&out, &arena);
}

static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text, *images;
    } rows[] = {
        {"", ""}, {"\n\n", ""}, {"# nothing\n", ""}, {"alpine\n", "alpine@1"}, {"alpine", "alpine@1"}, {"a:1\nb/c:2\r\n\r\nd\n", "a:1@1 b/c:2@2 d@4"},
        {"  a  \n\tb\t\n", "a@1 b@2"}, {"# x\na # y\n#z\nb\t# c\n", "a@2 b@4"}, {"a#b\n", "a#b@1"}, {"two words\n", "two words@1"},
        {"a\na\na\n", "a@1 a@2 a@3"}, {"h.test:5000/a:1@sha256:0\n", "h.test:5000/a:1@sha256:0@1"},
        {"\n\n\na\n", "a@4"}, {"a\nimage: b\n", "a@1 image: b@2"}, {"${A}\n", "${A}@1"},
        /* Names of images that begin as a manifest might. */
        {"version:1.0\n", "version:1.0@1"}, {"services:v2\nitems\n", "services:v2@1 items@2"}, {"name:1\n", "name:1@1"},
        {"kind:v0.20\n", "kind:v0.20@1"}, {"x-app/y:1\n", "x-app/y:1@1"}, {"spec:2\n", "spec:2@1"}, {"x-y:1\nz\n", "x-y:1@1 z@2"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(list_named(rows[i].text, "images.txt"), rows[i].images, "%s", rows[i].text);
    CHECK_TEXT(list_named("a\nb\n", "-"), "a@1 b@2", "stdin");
    CHECK_TEXT(list_named("\xef\xbb\xbf" "a\nb\n", "-"), "a@1 b@2", "a byte order mark");
    CHECK_TEXT(list_named("\xef\xbb\xbf" "kind: Pod\nspec: {containers: [{image: a}]}\n", "-"), "a@2", "a byte order mark before YAML");
}

#define POD "apiVersion: v1\nkind: Pod\n"

static void test_kubernetes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *images;
    } rows[] = {
        {POD "spec:\n  containers:\n  - name: a\n    image: b:1\n", "b:1@6"}, {POD "spec:\n  containers:\n  - image: b:1\n    name: a\n", "b:1@5"},
        {POD "spec:\n  containers:\n    - image: b\n    - image: c\n  initContainers:\n    - image: d\n  ephemeralContainers:\n    - image: e\n",
         "b@5 c@6 d@8 e@10"},
        {"apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - image: b\n", "b@9"},
        {POD "metadata: {name: x}\nspec: {containers: [{name: a, image: b}, {image: \"c\"}]}\n", "b@4 c@4"},
        {POD "spec:\n  containers:\n  - {name: a, image: b:1}\n  - {image: c, name: d}\n", "b:1@5 c@6"},
        {POD "spec:\n  containers: [\n    {name: a,\n     image: b}]\n", "b@6"},
        {"kind: List\nitems:\n- kind: Pod\n  spec:\n    containers:\n    - image: b\n- spec:\n    template:\n      spec:\n        initContainers:\n        - image: c\n", "b@6 c@11"},
        {"{\"apiVersion\":\"v1\",\"items\":[{\"spec\":{\"containers\":[{\"image\":\"b\"}]}}]}", "b@1"},
        {"{\"apiVersion\": \"v1\", \"items\": [{\"spec\": {\"containers\": [{\"image\": \"b\"}]}}]}", "b@1"},
        {"{\n  \"spec\": {\n    \"containers\": [\n      {\n        \"image\": \"b\"\n      }\n    ]\n  }\n}\n", "b@5"},
        {POD "spec: {containers: [{image: b}]}\n---\n" POD "spec: {containers: [{image: c}]}\n", "b@3 c@7"},
        {"---\n" POD "spec:\n  containers:\n  - image: b # c\n    command: [\"sh\", \"-c\", \"image: d\"]\n    args:\n    - |\n      image: e\n      [ x ] && \"y\"\n    env:\n    - name: image\n      value: f\n", "b@6"},
        /* What is no container's. */
        {"apiVersion: v1\nkind: ConfigMap\ndata:\n  image: b\n  x: |\n    containers:\n    - image: c\n", ""}, {POD "image: b\nspec:\n  image: c\n  containers: []\n", ""},
        {POD "status:\n  containerStatuses:\n  - image: b\n", ""}, {POD "spec:\n  containers:\n    image: b\n", ""}, {POD "spec:\n  containers:\n  - env:\n    - image: b\n", ""},
        {POD "spec:\n  containers:\n  - image:\n    name: a\n", ""}, {POD "spec:\n  containers:\n  - image:\n      b\n", "b@6"},
        {POD "spec:\n  containers:\n  - image: $(X)/${Y}\n", "$(X)/${Y}@5"}, /* Kubernetes fills in nothing here */
        {POD "spec:\n  containers:\n  - image: 'b:1'\n  - image: \"c:2\"\n", "b:1@5 c:2@6"}, {POD "spec:\n  containers:\n  - image: !!str b\n  - image: &x c\n", "b@5 c@6"},
        {POD "spec:\n  containers:\n  - image: b\n  broken\n", "!6 it is neither 'key: value' nor '- element'"},
        {POD "spec:\n  containers:\n  - image: \"b\n", "!5 a quote is not closed"},
        /* A quote within a quoted key ends neither it nor the file. */
        {POD "spec:\n  containers:\n  - image: b\n    x:\n      \"y\\\": z\": 1\n  - image: c\n    name: \"q\"\n  - image: d\n", "b@5 c@8 d@10"},
        {POD "spec:\n  containers:\n  - 'it''s': 1\n    image: b\n  - image: c\n", "b@6 c@7"},
        {POD "spec:\n  containers:\n  - args: [sh, -c, one\n      two, \"three\"]\n    image: b\n", "b@7"},
        {POD "spec:\n  containers:\n  - <<: {image: b}\n    name: a\n", "b@5"},
        /* What an alias brings in is read where it stands first, or not passed over in silence. */
        {"kind: x\na: &c\n- image: b\nspec:\n  containers: *c\n", "!5 an alias stands for images that are not read where they stand: write them out"},
        {"kind: x\na:\n- &c\n  image: b\nspec:\n  containers:\n  - *c\n", "!7 an alias stands for images that are not read where they stand: write them out"},
        {"kind: x\na: &c [{image: b}]\nspec: {containers: *c}\n", "!3 an alias stands for images that are not read where they stand: write them out"},
        {"kind: Pod\nspec: &s\n  containers:\n  - image: b\nother:\n  spec: *s\n", "b@4"},
        {"kind: x\na: &c\n- name: b\nspec:\n  volumes: *c\n  containers:\n  - image: d\n", "d@7"},
        {"kind: x\na: &c\n  image: b\nc: *c\nspec:\n  containers:\n  - image: d\n", "d@7"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_TEXT(list_named(rows[i].text, "-"), rows[i].images, "%s", rows[i].text);
        CHECK_TEXT(list_named(rows[i].text, "a.yaml"), rows[i].images, "%s", rows[i].text);
    }
    CHECK_TEXT(list_named("containers:\n- image: b\n", "a.yml"), "b@2", "by its name");
    CHECK_TEXT(list_named("alpine\n", "a.yaml"), "!1 it is neither 'key: value' nor '- element'", "a list by another name");
}

static void test_compose(void **state)
{
    (void)state;
    setenv("UNIT_SET", "v1", 1);
    setenv("UNIT_EMPTY", "", 1);
    unsetenv("UNIT_NOT");
    static const struct {
        const char *text, *images;
    } rows[] = {
        {"services:\n  a:\n    image: b:1\n  c:\n    build: .\n  d:\n    image: e\n", "b:1@3 e@7"}, {"version: '3'\nservices:\n  a: {image: b}\n", "b@3"},
        {"services:\n  a:\n    image: b:${UNIT_SET}\n", "b:v1@3"}, {"services:\n  a:\n    image: ${UNIT_NOT:-h.test/b}:${UNIT_SET:?must}\n", "h.test/b:v1@3"},
        {"services:\n  a:\n    image: \"b:${UNIT_EMPTY:-x}\"\n", "b:x@3"}, {"services:\n  a:\n    image: b:${UNIT_NOT:?set it}\n", "!3 a variable must be set: set it"},
        {"x-base: &base\n  image: b\nservices:\n  a:\n    <<: *base\n", "b@2"}, {"name: p\nservices:\n  image:\n    image: b\n", "b@4"},
        {"services:\n  a:\n    build:\n      image: b\n", ""}, {"services:\n- a:\n    image: b\n", ""}, {"services:\n  - image: b\n", ""}, {"other:\n  a:\n    image: b\n", ""},
        {"services:\n  a:\n    environment:\n      image: b\n    image: c\n", "c@5"},
        {"x-all:\n  one: &one\n    image: b\nservices:\n  a:\n    <<: *one\n  c:\n    image: d\n", "b@3 d@8"},
        {"services:\n  a:\n    <<: {image: b}\n  c:\n    <<: [{image: d}, {image: e}]\n", "b@3 d@5 e@5"},
        {"all: &all\n  image: b\nservices:\n  a:\n    <<: *all\n", "!5 an alias stands for images that are not read where they stand: write them out"},
        {"services:\n  a:\n    image: ${\n", "!3 a '$' begins no variable; a plain one is written $$"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(list_named(rows[i].text, "compose.yaml"), rows[i].images, "%s", rows[i].text);
    static const struct {
        const char *text, *value;
        bool fails;
    } values[] = {
        {"", "", false}, {"plain", "plain", false}, {"$UNIT_SET", "v1", false}, {"a$UNIT_SET-b", "av1-b", false}, {"$UNIT_SET$UNIT_SET", "v1v1", false},
        {"${UNIT_SET}", "v1", false}, {"${UNIT_SET}x", "v1x", false}, {"$UNIT_NOT", "", false}, {"${UNIT_NOT}", "", false}, {"$$", "$", false},
        {"a$$b", "a$b", false}, {"$$$$", "$$", false}, {"$${UNIT_SET}", "${UNIT_SET}", false}, {"$$UNIT_SET", "$UNIT_SET", false}, {"$$$UNIT_SET", "$v1", false},
        {"${UNIT_SET:-d}", "v1", false}, {"${UNIT_EMPTY:-d}", "d", false}, {"${UNIT_NOT:-d}", "d", false}, {"${UNIT_NOT:-}", "", false},
        {"${UNIT_SET-d}", "v1", false}, {"${UNIT_EMPTY-d}", "", false}, {"${UNIT_NOT-d}", "d", false}, {"${UNIT_NOT-}", "", false},
        {"${UNIT_SET:+o}", "o", false}, {"${UNIT_EMPTY:+o}", "", false}, {"${UNIT_NOT:+o}", "", false}, {"${UNIT_SET+o}", "o", false}, {"${UNIT_EMPTY+o}", "o", false},
        {"${UNIT_NOT+o}", "", false}, {"${UNIT_SET:?e}", "v1", false}, {"${UNIT_SET?e}", "v1", false}, {"${UNIT_EMPTY?e}", "", false},
        {"${UNIT_EMPTY:?e}", NULL, true}, {"${UNIT_NOT:?e}", NULL, true}, {"${UNIT_NOT?e}", NULL, true}, {"${UNIT_NOT?}", NULL, true},
        {"${UNIT_NOT:-a:b/c-d}", "a:b/c-d", false}, {"${UNIT_NOT:-${UNIT_SET}}", "v1", false}, {"${UNIT_NOT:-a${UNIT_NOT:-b}c}d", "abcd", false},
        {"${UNIT_NOT:-$UNIT_SET}", "v1", false}, {"${UNIT_NOT:-$$x}", "$x", false}, {"${UNIT_SET:+${UNIT_EMPTY:-y}}", "y", false}, {"${UNIT_SET:-${UNIT_NOT:?e}}", "v1", false},
        {"}", "}", false}, {"{}", "{}", false}, {"${UNIT_NOT:-a}}", "a}", false},
        {"$", NULL, true}, {"a$", NULL, true}, {"$1", NULL, true}, {"$-", NULL, true}, {"${", NULL, true}, {"${}", NULL, true}, {"${UNIT_SET", NULL, true}, {"${1}", NULL, true},
        {"${-x}", NULL, true}, {"${UNIT_SET:}", NULL, true}, {"${UNIT_SET:=x}", NULL, true}, {"${UNIT_SET=x}", NULL, true}, {"${UNIT_SET%x}", NULL, true}, {"${UNIT_SET x}", NULL, true},
        {"${ UNIT_SET}", NULL, true}, {"${UNIT_NOT:-${UNIT_NOT}", NULL, true}, {"${UNIT-SET}", "SET", false}, {"${UNIT.SET}", NULL, true},
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        const char *value = NULL, *fault = compose_value(&arena, values[i].text, &value);
        CHECK(!fault == !values[i].fails, "%s: %s", values[i].text, fault ? fault : "no fault");
        if (!fault)
            CHECK_TEXT(value, values[i].value, "%s", values[i].text);
    }
    const char *value, *deep = repeat("${UNIT_NOT:-", 9);
    assert_null(compose_value(&arena, nested("${UNIT_NOT:-", 8, "x", "}"), &value));
    assert_string_equal(value, "x");
    assert_non_null(compose_value(&arena, nested("${UNIT_NOT:-", 9, "x", "}"), &value));
    assert_non_null(compose_value(&arena, nested("${UNIT_NOT:-", 100000, "x", "}"), &value));
    assert_non_null(compose_value(&arena, deep, &value));
    unsetenv("UNIT_SET");
    unsetenv("UNIT_EMPTY");
}

size_t __sanitizer_get_current_allocated_bytes(void);

/* No image is left out without a word. */
static void test_limits(void **state)
{
    (void)state;
    struct listing listing;
    size_t line;
    char *list = repeat("a\n", 1000001);
    assert_string_equal(listing_read(&arena, slice_of(list), "-", &listing, &line), "it names more than a million images");
    assert_int_equal(line, 1000001);
    list[2000000] = 0;
    assert_null(listing_read(&arena, slice_of(list), "-", &listing, &line));
    assert_int_equal(listing.count, 1000000);
    list = arena_printf(&arena, "containers:\n%s", repeat("- image: a\n", 1000001));
    assert_string_equal(listing_read(&arena, slice_of(list), "a.yaml", &listing, &line), "it names more than a million images");
    assert_int_equal(line, 1000002);
    const char *name = repeat("a", 4096), *longer = repeat("a", 4097);
    assert_null(listing_read(&arena, slice_of(name), "-", &listing, &line));
    assert_non_null(listing_read(&arena, slice_of(longer), "-", &listing, &line));
    assert_int_equal(line, 1);
    char *compose = arena_printf(&arena, "x: &x \"%s\"\nservices:\n%s", repeat("b", 100000), repeat("  a: {image: *x}\n", 20000));
    size_t before = __sanitizer_get_current_allocated_bytes();
    assert_non_null(listing_read(&arena, slice_of(compose), "c.yaml", &listing, &line)); /* not that text for each of them */
    assert_int_equal(line, 3);
    assert_true(__sanitizer_get_current_allocated_bytes() - before < 16 << 20);
}

/* Texts as long as a file may be: each ends in good time, with memory by their length, and no image is lost on the way. */
static void test_enormous(void **state)
{
    (void)state;
    static const struct {
        const char *name, *head, *part;
        size_t images_a_part; /* 0: broken, or none named */
    } rows[] = {
        {"-", "", "ab\n", 1}, {"-", "", "\n", 0}, {"-", "", "# x\n", 0}, {"a.yaml", "containers:\n", "- image: a\n", 1}, {"a.yaml", "", "[", 0}, {"a.yaml", "", "[],", 0},
        {"a.yaml", "a: [", "b,", 0}, {"a.yaml", "a: \"", "b\n", 0}, {"a.yaml", "a: \"", "\\", 0}, {"a.yaml", "a: '", "'", 0}, {"a.yaml", "a: |\n", "  image: x\n", 0},
        {"a.yaml", "", "a: 1\n", 0}, {"a.yaml", "", "a", 0}, {"a.yaml", "", " ", 0}, {"a.yaml", "", "---\n", 0}, {"a.yaml", "a: ", "&x ", 0}, {"a.yaml", "a: {", "b: {}, ", 0},
        {"a.yaml", "", "a: &x b\nc: *y\n", 0}, {"a.yaml", "a: ", "*", 0},
        {"c.yaml", "services: {a: {image: \"", "${A:-", 0}, {"c.yaml", "services: {a: {image: \"", "$", 0}, {"c.yaml", "services: {a: {image: \"", "${", 0},
    };
    const size_t size = 2 << 20;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena own = {NULL};
        struct listing listing;
        size_t line, parts = size / strlen(rows[i].part);
        char *text = arena_printf(&arena, "%s%s", rows[i].head, repeat(rows[i].part, parts));
        size_t before = __sanitizer_get_current_allocated_bytes();
        const char *fault = listing_read(&own, slice_of(text), rows[i].name, &listing, &line);
        size_t taken = __sanitizer_get_current_allocated_bytes() - before;
        CHECK(taken < 64 * size, "%s: %zu bytes", rows[i].part, taken);
        CHECK(fault ? *fault : listing.count == parts * rows[i].images_a_part, "%s: %zu of %zu", rows[i].part, listing.count, parts);
        arena_free(&own);
        arena_reset(&arena);
    }
}

RUN(TEST(test_blocks), TEST(test_flow), TEST(test_block_scalars), TEST(test_aliases), TEST(test_broken_yaml), TEST(test_depth), TEST(test_lists), TEST(test_kubernetes),
    TEST(test_compose), TEST(test_limits), TEST(test_enormous))
