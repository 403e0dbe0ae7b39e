/* What the user sees: options, safe text, the order of a verdict's steps, report lines, exit statuses. */
#include "unit.h"

#include "check/check.h"
#include "cmd/options.h"
#include "cmd/report.h"
#include "term/term.h"

static struct {
    bool flag, quiet;
    const char *text;
    int64_t duration;
    int count, choice;
} got;

static const char *const choices[] = {"auto", "ecr", "docker", NULL};
static const struct option first[] = {{"flag", 'f', OPTION_FLAG, &got.flag, NULL},
    {"text", 't', OPTION_TEXT, &got.text, NULL}};
static const struct option second[] = {{"duration", 0, OPTION_DURATION, &got.duration, NULL},
    {"count", 'n', OPTION_COUNT, &got.count, NULL},
                                       {"choice", 0, OPTION_CHOICE, &got.choice, choices},
                                       {"quiet", 'q', OPTION_FLAG, &got.quiet, NULL}};
static const struct option_set sets[] = {{first, COUNT(first)}, {second, COUNT(second)}};

/* Parses words set apart by '|'; gives operands joined by '|', NULL for an error. */
static char *parse(const char *line, bool stop, int *taken)
{
    char *argv[32];
    const char *operands[32];
    int argc = 0;
    size_t count;
    struct buf joined = BUF_INIT;
    memset(&got, 0, sizeof got);
    for (struct slice rest = slice_of(line); *line && rest.data;)
        argv[argc++] = arena_copy(&arena, slice_cut(&rest, '|'));
    *taken = options_parse(sets, COUNT(sets), argc, argv, stop, operands, &count, &error);
    for (size_t i = 0; *taken >= 0 && i < count; i++)
        buf_printf(&joined, "%s%s", i ? "|" : "", operands[i]);
    char *text = *taken < 0 ? NULL : arena_copy(&arena, buf_view(&joined));
    buf_free(&joined);
    return text;
}

static void test_options(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool stop;
        int taken;
        const char *operands, *text;
        bool flag, quiet;
        int64_t duration;
        int count, choice;
    } rows[] = {
        {"", false, 0, "", NULL, false, false, 0, 0, 0}, {"a|b", false, 2, "a|b", NULL, false, false, 0, 0, 0},
        {"--flag|a|-q", false, 3, "a", NULL, true, true, 0, 0, 0},
        {"--text|x", false, 2, "", "x", false, false, 0, 0, 0},
        {"--text=x=y", false, 1, "", "x=y", false, false, 0, 0, 0},
        {"-t|x", false, 2, "", "x", false, false, 0, 0, 0}, {"-tx", false, 1, "", "x", false, false, 0, 0, 0},
        {"-fqtx", false, 1, "", "x", true, true, 0, 0, 0},
        {"--text|--flag", false, 2, "", "--flag", false, false, 0, 0, 0},
        {"--text|a|--text|b", false, 4, "", "b", false, false, 0, 0, 0},
        {"--duration|5m", false, 2, "", NULL, false, false, 300000, 0, 0},
        {"--count=100", false, 1, "", NULL, false, false, 0, 100, 0},
        {"-n1", false, 1, "", NULL, false, false, 0, 1, 0},
        {"--choice|docker", false, 2, "", NULL, false, false, 0, 0, 2},
        {"-|a", false, 2, "-|a", NULL, false, false, 0, 0, 0},
        {"--|--flag|-q", false, 3, "--flag|-q", NULL, false, false, 0, 0, 0},
        {"a|--|--", false, 3, "a|--", NULL, false, false, 0, 0, 0},
        {"--flag|a|-q", true, 1, "", NULL, true, false, 0, 0, 0},
        {"a|--flag", true, 0, "", NULL, false, false, 0, 0, 0}, {"-f|--|-q", true, 2, "", NULL, true, false, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int taken;
        CHECK_TEXT(parse(rows[i].line, rows[i].stop, &taken), rows[i].operands, "%s", rows[i].line);
        CHECK(taken == rows[i].taken && got.flag == rows[i].flag && got.quiet == rows[i].quiet &&
            got.duration == rows[i].duration, "%s", rows[i].line);
        CHECK(got.count == rows[i].count && got.choice == rows[i].choice, "%s", rows[i].line);
        CHECK_TEXT(got.text, rows[i].text, "%s", rows[i].line);
    }
    static const struct {
        const char *line, *subject, *part;
    } wrong[] = {
        {"--flga", "--flga", "did you mean --flag?"}, {"--durations=5m", "--durations=5m", "did you mean --duration?"},
        {"--zzzzzzzz", "--zzzzzzzz", "unknown option"}, {"-x", "-x", "unknown option"},
        {"-fx", "-fx", "unknown option"}, {"--flag=1", "--flag", "takes no value"},
        {"--text", "--text", "needs a value"}, {"-t", "--text", "needs a value"},
        {"--text=", "--text", "empty"}, {"--duration=5", "--duration", "no duration"},
        {"--duration=0s", "--duration", "no duration"}, {"--count=0", "--count", "1 to 100"},
        {"--count=101", "--count", "1 to 100"}, {"--count=-1", "--count", "1 to 100"},
        {"--choice=x", "--choice", "none of auto, ecr, docker"}, {"--choice=", "--choice", "none of"},
        {"---", "---", "unknown option"}, {"--=x", "--=x", "unknown option"},
        {"--Flag", "--Flag", "did you mean --flag?"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        int taken;
        CHECK(!parse(wrong[i].line, false, &taken) && taken == -1 && error.reason == REASON_USAGE, "%s", wrong[i].line);
        CHECK_TEXT(error.subject, wrong[i].subject, "%s", wrong[i].line);
        CHECK(strstr(error_text(&error, &arena), wrong[i].part), "%s: %s", wrong[i].line, error_text(&error, &arena));
    }
}

/* Sizes in bytes, and options that may be given several times. */
static void test_sizes_and_lists(void **state)
{
    (void)state;
    static int64_t size;
    static struct text_list texts;
    static const struct option list[] = {{"size", 0, OPTION_SIZE, &size, NULL}, {"file", 'f', OPTION_LIST, &texts, NULL}};
    static const struct option_set set = {list, COUNT(list)};
    static const struct {
        const char *text;
        int64_t bytes; /* 0: refused */
    } rows[] = {
        {"1", 1}, {"500", 500}, {"1B", 1}, {"20K", 20000}, {"20KB", 20000}, {"20KiB", 20480}, {"20M", 20000000}, {"20MB", 20000000}, {"20MiB", 20971520}, {"2G", 2000000000}, {"2GB", 2000000000},
        {"2GiB", 2147483648}, {"3TB", 3000000000000}, {"3TiB", 3298534883328}, {"9223372036854775807", INT64_MAX}, {"9223372036854775807B", INT64_MAX}, {"8388607TiB", 8388607LL << 40}, {"9223372TB", 9223372000000000000}, {"007M", 7000000},
        {"", 0}, {"0", 0}, {"0MB", 0}, {"MB", 0}, {"B", 0}, {"iB", 0}, {"KiB", 0}, {"1iB", 0}, {"1Ki", 0}, {"1 MB", 0}, {" 1MB", 0}, {"1MB ", 0}, {"-1", 0}, {"+1", 0}, {"1.5GB", 0}, {"1e3", 0}, {"0x10", 0}, {"1PB", 0},
        {"1MBB", 0}, {"1BMB", 0}, {"1MM", 0}, {"1mib", 0}, {"9223372036854775808", 0}, {"8388608TiB", 0}, {"9223373TB", 0}, {"99999999999999999999", 0}, {"9223372036854775807K", 0}, {"\xc2\xb5" "B", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *operands[1];
        size_t count;
        char *argv[] = {arena_printf(&arena, "--size=%s", rows[i].text)};
        size = 0;
        int taken = options_parse(&set, 1, 1, argv, false, operands, &count, &error);
        CHECK(taken == (rows[i].bytes ? 1 : -1) && size == rows[i].bytes, "%s: %lld", rows[i].text, (long long)size);
        CHECK(taken == 1 || (error.reason == REASON_USAGE && strcmp(error.subject, "--size") == 0), "%s", rows[i].text);
    }
    static const struct {
        const char *line; /* set apart by '|' */
        const char *values, *operands;
    } lists[] = {
        {"--file|a|x|-fb|--file=c|-f|a|--|-f", "a b c a", "x -f"}, {"-f|-f", "-f", ""}, {"-f|--|--", "--", ""}, {"--file=", NULL, NULL}, {"-f", NULL, NULL}, {"-f|", NULL, NULL}, {"x", "", "x"},
    };
    for (size_t i = 0; i < COUNT(lists); i++) {
        char *argv[16];
        const char *operands[16];
        size_t count;
        int argc = 0;
        struct buf values = BUF_INIT, rest = BUF_INIT;
        for (struct slice left = slice_of(lists[i].line); left.data;)
            argv[argc++] = arena_copy(&arena, slice_cut(&left, '|'));
        texts.count = 0;
        int taken = options_parse(&set, 1, argc, argv, false, operands, &count, &error);
        CHECK(taken == (lists[i].values ? argc : -1), "%s", lists[i].line);
        for (size_t k = 0; taken >= 0 && k < texts.count; k++)
            buf_printf(&values, "%s%s", k ? " " : "", texts.values[k]);
        for (size_t k = 0; taken >= 0 && k < count; k++)
            buf_printf(&rest, "%s%s", k ? " " : "", operands[k]);
        CHECK_TEXT(taken < 0 ? NULL : values.data, lists[i].values, "%s", lists[i].line);
        CHECK_TEXT(taken < 0 ? NULL : rest.data, lists[i].operands, "%s", lists[i].line);
        buf_free(&values);
        buf_free(&rest);
    }
    const char *operands[1];
    size_t count;
    char option[] = "-fx", *more[] = {option};
    for (texts.count = 0; texts.count < TEXT_LIST_MAX;)
        assert_int_equal(options_parse(&set, 1, 1, more, false, operands, &count, &error), 1);
    assert_int_equal(options_parse(&set, 1, 1, more, false, operands, &count, &error), -1);
    assert_true(error.reason == REASON_USAGE && texts.count == TEXT_LIST_MAX && strcmp(error.subject, "--file") == 0);
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"check", "parse", "version", "a-name-that-is-longer-than-forty-characters-is"};
    static const struct {
        const char *text, *near;
    } rows[] = {{"check", "check"}, {"chekc", "check"}, {"chek", "check"}, {"cheque", "check"}, {"prase", "parse"},
        {"versoin", "version"}, {"xyz", NULL}, {"", NULL}, {"c", NULL}, {"zzzzzzzzzz", NULL},
        {"checkcheckcheckcheckcheckcheckcheckcheckcheck", NULL}};
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(nearest_name(rows[i].text, names, COUNT(names)), rows[i].near, "%s", rows[i].text);
    assert_null(nearest_name("check", names, 0));
}

static void test_safe(void **state)
{
    (void)state;
    static const struct {
        const char *text, *safe;
    } rows[] = {
        {"", ""}, {"plain text 1:2/3@4", "plain text 1:2/3@4"}, {"a\nb\r\nc\td", "a b  c d"},
        {"\x1b[31mred\x1b[0m", "?[31mred?[0m"}, {"\x01\x1f\x7f", "???"}, {"\x1b]0;title\x07", "?]0;title?"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff\xfe", "??"}, {"a\xc3", "a?"}, {"\xc0\xaf", "??"}, {"\xed\xa0\x80", "???"}, {"\xc2\x9b" "31m", "?31m"},
        {"\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0"}, {"\xe2\x80\xae" "abc", "?abc"},
        {"\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xaa\xe2\x80\xad", "????"}, {"\xe2\x81\xa6\xe2\x81\xa9", "??"},
        {"\xe2\x80\xa8\xe2\x80\xa9", "??"}, {"\xd8\x9c", "?"},
        {"##[error]x", "# #[error]x"}, {"###[error]x", "## #[error]x"}, {"##vso[task]x", "# #vso[task]x"},
        {"# #[ok", "# #[ok"}, {"##[##[", "# #[# #["}, {"#\x01#[x", "#?#[x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        term_safe(&out, rows[i].text);
        CHECK_TEXT(out.data, rows[i].safe, "row %zu", i);
        CHECK(!strstr(out.data, "##[") && !strstr(out.data, "##vso["), "row %zu", i);
        buf_free(&out);
    }
    for (int c = 1; c < 256; c++) { /* no byte alone gets through that a terminal would obey */
        struct buf out = BUF_INIT;
        term_safe(&out, (char[]){(char)c, 0});
        CHECK(out.len == 1 && (unsigned char)out.data[0] >= 0x20 && (unsigned char)out.data[0] < 0x7f, "byte %d", c);
        buf_free(&out);
    }
}

static struct item new_item(const char *text)
{
    struct reference reference;
    struct item item;
    CHECK_TEXT(reference_parse(&arena, text, &reference), NULL, "%s", text);
    item_init(&item, &arena, &reference);
    return item;
}

static void step(struct item *item, const char *source, bool skipped, enum reason reason, int http_status)
{
    error_set(&error, reason, "subject", "because of %s", source);
    error.http_status = http_status;
    item_step(item, &arena, source, skipped, &error);
}

static void test_conclude(void **state)
{
    (void)state;
    static const struct {
        struct {
            const char *source;
            bool skipped;
            enum reason reason;
            int status;
        } steps[3];
        enum reason reason;
        const char *source;
    } rows[] = {
        {{{"ecr", false, REASON_DENIED, 400}, {"docker", true, REASON_UNREACHABLE, 0}}, REASON_DENIED, "ecr"},
        {{{"ecr", true, REASON_NO_CREDENTIALS, 0}, {"docker", false, REASON_DENIED, 403}}, REASON_DENIED, "docker"},
        {{{"ecr", true, REASON_NO_CREDENTIALS, 0}, {"docker", true, REASON_UNREACHABLE, 0}}, REASON_NO_CREDENTIALS,
         "ecr"},
        {{{"ecr", false, REASON_TIMEOUT, 0}, {"docker", false, REASON_UNREACHABLE, 0}}, REASON_TIMEOUT, "ecr"},
        {{{"ecr", false, REASON_TIMEOUT, 0}, {"docker", false, REASON_SERVER_ERROR, 500}}, REASON_SERVER_ERROR,
         "docker"},
        {{{"ecr", false, REASON_THROTTLED, 400}, {"docker", false, REASON_SERVER_ERROR, 500}}, REASON_THROTTLED, "ecr"},
        {{{"ecr", true, REASON_NO_CREDENTIALS, 0}, {"registry", false, REASON_TLS, 0},
         {"docker", true, REASON_UNREACHABLE, 0}},
         REASON_TLS, "registry"},
        {{{"ecr", true, REASON_NO_CREDENTIALS, 0}, {"registry", false, REASON_TLS, 0},
         {"docker", false, REASON_DENIED, 401}},
         REASON_DENIED, "docker"},
        {{{"ecr", true, REASON_NO_CREDENTIALS, 400}, {"docker", false, REASON_UNREACHABLE, 0}}, REASON_UNREACHABLE,
         "docker"},
        {{{NULL, false, REASON_OK, 0}}, REASON_UNSUPPORTED, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct item item = new_item("alpine");
        for (size_t k = 0; k < 3 && rows[i].steps[k].source; k++)
            step(&item, rows[i].steps[k].source, rows[i].steps[k].skipped, rows[i].steps[k].reason,
                rows[i].steps[k].status);
        item_conclude(&item);
        CHECK(item.outcome.reason == rows[i].reason, "row %zu: %s", i, reason_name(item.outcome.reason));
        CHECK_TEXT(item.outcome.source, rows[i].source, "row %zu", i);
        if (rows[i].source)
            CHECK(strstr(item.outcome.detail, rows[i].source), "row %zu", i);
    }
    struct item item = new_item("alpine"); /* a definite word stands whatever came before */
    struct outcome outcome = {.reason = REASON_OK, .digest = "sha256:1", .size = 5};
    step(&item, "ecr", false, REASON_DENIED, 400);
    item_decide(&item, &arena, "docker", &outcome);
    item_conclude(&item);
    assert_true(item.decided && item.outcome.reason == REASON_OK && strcmp(item.outcome.source, "docker") == 0);
    assert_true(strcmp(item.outcome.trail->source, "ecr") == 0 &&
        strcmp(item.outcome.trail->next->source, "docker") == 0 && !item.outcome.trail->next->next);
}

static void test_item_init(void **state)
{
    (void)state;
    struct item item = new_item("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app");
    assert_true(item.is_ecr && !item.ecr.is_public && !item.decided && item.outcome.size == -1);
    assert_true(new_item("123456789012.DKR.ecr.us-east-1.AmazonAWS.com/team/app").is_ecr);
    assert_true(new_item("public.ecr.aws/a/b").ecr.is_public);
    assert_false(new_item("123456789012.dkr.ecr.us-east-1.amazonaws.com:443/team/app").is_ecr);
    assert_false(new_item("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test/team/app").is_ecr);
    assert_false(new_item("alpine").is_ecr);
}

static void test_exit(void **state)
{
    (void)state;
    static const enum reason order[] = {REASON_OK, REASON_NO_IMAGE, REASON_ARCHIVED, REASON_DENIED, REASON_TIMEOUT,
        REASON_TLS}; /* later ones win */
    static const enum exit_status statuses[] = {EXIT_OK, EXIT_ABSENT, EXIT_UNFIT, EXIT_CREDENTIALS, EXIT_TRANSIENT,
        EXIT_OTHER};
    for (size_t a = 0; a < COUNT(order); a++)
        for (size_t b = 0; b < COUNT(order); b++) {
            struct item items[2] = {{.outcome.reason = order[a]}, {.outcome.reason = order[b]}};
            CHECK(check_exit(items, 2) == statuses[a > b ? a : b], "%s and %s", reason_name(order[a]),
                reason_name(order[b]));
            CHECK(check_exit(items, 1) == statuses[a], "%s", reason_name(order[a]));
        }
}

static void test_report(void **state)
{
    (void)state;
    static const char *const platforms[] = {"linux/amd64", "linux/arm64/v8"};
    struct item item = new_item("h.test/a:1");
    struct outcome outcome = {.reason = REASON_OK, .digest = "sha256:12", .media_type = "m", .size = 7,
        .pushed_at = 1795240800, .platforms = (const char **)(uintptr_t)platforms, .platform_count = 2, .detail = "d"};
    struct buf out = BUF_INIT;
    step(&item, "ecr", true, REASON_NO_CREDENTIALS, 0);
    item_decide(&item, &arena, "docker", &outcome);
    report_text(&out, &item);
    report_json(&out, &item);
    assert_string_equal(out.data, "present  h.test/a:1  sha256:12\n"
                        "{\"image\":\"h.test/a:1\",\"reference\":\"h.test/a:1\",\"state\":\"present\",\"reason\":\"ok\",\"source\":\"docker\",\"digest\":\"sha256:12\",\"mediaType\":\"m\",\"sizeBytes\":7,"
                        "\"pushedAt\":\"2026-11-21T06:00:00Z\",\"platforms\":[\"linux/amd64\",\"linux/arm64/v8\"],\"trail\":[{\"source\":\"ecr\",\"state\":\"skipped\",\"reason\":\"no-credentials\","
                        "\"detail\":\"subject: because of ecr\"},{\"source\":\"docker\",\"state\":\"present\",\"reason\":\"ok\",\"detail\":\"d\"}]}\n");
    buf_clear(&out);
    item = new_item("a");
    step(&item, "docker", false, REASON_NO_REPOSITORY, 404);
    item_conclude(&item);
    report_text(&out, &item);
    assert_string_equal(out.data, "absent  a  no-repository\n");
    buf_free(&out);
}

/* Numbers, and options that may stand without their value. */
static void test_numbers_and_maybes(void **state)
{
    (void)state;
    static int64_t number;
    static const char *maybe;
    static const struct option list[] = {{"keep", 0, OPTION_NUMBER, &number, NULL}, {"kms", 0, OPTION_MAYBE, &maybe, NULL}};
    static const struct option_set set = {list, COUNT(list)};
    static const struct {
        const char *line;
        int taken;
        int64_t number;
        const char *maybe;
        size_t operands;
    } rows[] = {
        {"--keep=1", 1, 1, NULL, 0}, {"--keep|1000000", 2, 1000000, NULL, 0}, {"--keep|1000001", -1, 0, NULL, 0}, {"--keep=0", -1, 0, NULL, 0}, {"--keep=-1", -1, 0, NULL, 0}, {"--keep=1x", -1, 0, NULL, 0},
        {"--keep=", -1, 0, NULL, 0}, {"--keep", -1, 0, NULL, 0}, {"--kms", 1, 0, "", 0}, {"--kms|key", 2, 0, "", 1}, {"--kms=key", 1, 0, "key", 0}, {"--kms=", -1, 0, NULL, 0}, {"key", 1, 0, NULL, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[4];
        const char *operands[4];
        size_t count;
        int argc = 0;
        number = 0;
        maybe = NULL;
        for (struct slice rest = slice_of(rows[i].line); rest.data;)
            argv[argc++] = arena_copy(&arena, slice_cut(&rest, '|'));
        int taken = options_parse(&set, 1, argc, argv, false, operands, &count, &error);
        CHECK(taken == rows[i].taken && number == rows[i].number, "%s: %d", rows[i].line, taken);
        CHECK(taken < 0 || count == rows[i].operands, "%s", rows[i].line);
        CHECK(rows[i].maybe ? maybe && strcmp(maybe, rows[i].maybe) == 0 : !maybe, "%s", rows[i].line);
    }
}

RUN(TEST(test_options), TEST(test_sizes_and_lists), TEST(test_numbers_and_maybes), TEST(test_nearest), TEST(test_safe), TEST(test_conclude), TEST(test_item_init), TEST(test_exit),
    TEST(test_report))
