/* Tables for people and machines, and sizes as people read them. */
#include <locale.h>

#include "unit.h"

#include "term/table.h"
#include "term/term.h"

#define ROWS_MAX 8
#define DOTS "\xe2\x80\xa6"
#define HAN  "\xe6\xbc\xa2" /* takes two columns */
#define HAN4 HAN HAN HAN HAN

/* A whole table: its columns, its cells row by row, and how it looks at a width. */
struct whole {
    const char *name;
    struct table_column columns[5];
    size_t column_count;
    const char *cells[ROWS_MAX][5];
    size_t row_count, width;
    const char *want;
};

static const char *show(const struct whole *whole, size_t width)
{
    struct table table;
    struct buf out = BUF_INIT;
    table_open(&table, whole->columns, whole->column_count);
    for (size_t r = 0; r < whole->row_count; r++)
        for (size_t c = 0; c < whole->column_count; c++)
            table_add(&table, whole->cells[r][c]);
    table_write(&table, width, &out);
    table_close(&table);
    return buf_detach(&out, &arena);
}

static void check_all(const struct whole *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(show(&rows[i], rows[i].width), rows[i].want, "%s, width %zu", rows[i].name, rows[i].width);
}

#define LEFT(title)         {title, false, false, 0}
#define RIGHT(title)        {title, true, false, 0}
#define SHRINKS(title)      {title, false, true, 0}
#define DROPS(title, order) {title, false, false, order}

static void test_machines(void **state)
{
    (void)state;
    static const struct whole rows[] = {
        {"cells", {LEFT("A"), RIGHT("B")}, 2, {{"a", "1"}, {"bb", "22"}}, 2, 0, "a\t1\nbb\t22\n"},
        {"one column", {LEFT("A")}, 1, {{"a"}, {"b"}}, 2, 0, "a\nb\n"},
        {"nothing is dropped or cut", {SHRINKS("A"), DROPS("B", 9)}, 2, {{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "b"}}, 1, 0,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\tb\n"},
        {"what is not there", {LEFT("A"), LEFT("B"), LEFT("C")}, 3, {{NULL, "", "-"}}, 1, 0, "-\t-\t-\n"},
        {"what would break a row", {LEFT("A"), LEFT("B")}, 2, {{"a\tb", "c\nd\re"}}, 1, 0, "a b\tc d e\n"},
        {"what would harm", {LEFT("A"), LEFT("B")}, 2, {{"\033[2J\177", "\xff\xc3\xe2\x80\xae##[x"}}, 1, 0,
         "?[2J?\t???# #[x\n"},
        {"no rows", {LEFT("A")}, 1, {{NULL}}, 0, 0, ""},
    };
    check_all(rows, COUNT(rows));
}

static void test_people(void **state)
{
    (void)state;
    static const struct whole rows[] = {
        {"sides", {LEFT("LEFT"), RIGHT("SIZE"), LEFT("LAST")}, 3, {{"a", "1 B", "x"}, {"bbbbbb", "12345 B", "y"}}, 2,
         80,
         "LEFT       SIZE  LAST\n"
         "a           1 B  x\n"
         "bbbbbb  12345 B  y\n"},
        {"the last to the right", {LEFT("A"), RIGHT("NUMBER")}, 2, {{"a", "1"}, {"b", "22"}}, 2, 80,
         "A  NUMBER\na       1\nb      22\n"},
        {"the first to the right", {RIGHT("NO"), LEFT("A")}, 2, {{"1", "a"}, {"100", "b"}}, 2, 80,
         " NO  A\n  1  a\n100  b\n"},
        {"no head", {LEFT(""), LEFT("")}, 2, {{"name", "a b"}, {"uri", "c"}}, 2, 80, "name  a b\nuri   c\n"},
        {"a head alone", {LEFT("A"), LEFT("B")}, 2, {{NULL}}, 0, 80, "A  B\n"},
        {"no spaces at the end", {LEFT("LONG TITLE"), LEFT("LONG TITLE")}, 2, {{"a", "b"}}, 1, 80,
         "LONG TITLE  LONG TITLE\na           b\n"},
        {"what is not there", {LEFT("A"), RIGHT("BB")}, 2, {{NULL, ""}}, 1, 80, "A  BB\n-   -\n"},
        {"a tab takes one column", {LEFT("A"), LEFT("B")}, 2, {{"a\tb", "c"}, {"a b", "c"}}, 2, 80,
         "A    B\na b  c\na b  c\n"},
        {"it just fits", {SHRINKS("A"), LEFT("B")}, 2, {{"123456789012345", "b"}}, 1, 18,
         "A                B\n123456789012345  b\n"},
        {"one too narrow", {SHRINKS("A"), LEFT("B")}, 2, {{"123456789012345", "b"}}, 1, 17,
         "A               B\n1234567890123" DOTS "  b\n"},
        {"no narrower than twelve", {SHRINKS("A"), LEFT("B")}, 2, {{"123456789012345", "b"}}, 1, 1,
         "A             B\n12345678901" DOTS "  b\n"},
        {"nor than the title", {SHRINKS("A LONG TITLE HERE"), LEFT("B")}, 2, {{"1234567890123456789012345", "b"}}, 1, 1,
         "A LONG TITLE HERE  B\n1234567890123456" DOTS "  b\n"},
        {"what is short stays whole", {SHRINKS("A"), SHRINKS("B")}, 2, {{"123456", "1234567890123456789"}}, 1, 20,
         "A       B\n123456  12345678901" DOTS "\n"},
        {"the widest first", {SHRINKS("A"), SHRINKS("B")}, 2, {{"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"}}, 1, 34,
         "A                 B\naaaaaaaaaaaaaaaa  bbbbbbbbbbbbbbb" DOTS "\n"},
        {"then both", {SHRINKS("A"), SHRINKS("B")}, 2, {{"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"}}, 1, 30,
         "A               B\naaaaaaaaaaaaa" DOTS "  bbbbbbbbbbbbb" DOTS "\n"},
        {"cut to the right", {{"A", true, true, 0}}, 1, {{"12345678901234"}, {"1"}}, 2, 12,
         "           A\n12345678901" DOTS "\n           1\n"},
        {"what does not shrink is not cut", {LEFT("A")}, 1, {{"123456789012345678901234567890"}}, 1, 5,
         "A\n123456789012345678901234567890\n"},
    };
    check_all(rows, COUNT(rows));
}

/* Columns go, the highest number first, when all that shrink are at their least; none goes or is cut that need not. */
static void test_dropped(void **state)
{
    (void)state;
    static const struct whole table = {"columns that go",
                                       {DROPS("LATE", 1), SHRINKS("STAYS"), DROPS("FIRST", 9), DROPS("NEXT", 2)},
                                       4,
                                       {{"1", "ssssssssssssssssssss", "3", "4444"}},
                                       1,
                                       0,
                                       NULL};
    for (size_t width = 1; width <= 60; width++) {
        const char *text = show(&table, width);
        const char *row = strchr(text, '\n') + 1;
        bool cut = strstr(row, DOTS);
        size_t wanted = width < 12 ? 12 : width > 39 ? 39 : width;
        CHECK((strstr(text, "LATE") != NULL) == (width >= 18), "width %zu: %s", width, text);
        CHECK(strstr(text, "STAYS") != NULL, "width %zu: %s", width, text);
        CHECK((strstr(text, "NEXT") != NULL) == (width >= 24), "width %zu: %s", width, text);
        CHECK((strstr(text, "FIRST") != NULL) == (width >= 31), "width %zu: %s", width, text);
        CHECK(cut == (width < 39), "width %zu: %s", width, text);
        CHECK(strcspn(row, "\n") - (cut ? 2 : 0) == wanted, "width %zu: %s", width, text);
        CHECK(strcspn(text, "\n") <= wanted, "width %zu: %s", width, text);
    }
}

static size_t count_of(const char *text, char c)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == c;
    return count;
}

/* The host's wcwidth needs to be told; musl's, of the program itself, does not. */
static void test_wide(void **state)
{
    (void)state;
    static const struct whole rows[] = {
        {"wide", {LEFT("A"), LEFT("B")}, 2, {{HAN "\xe5\xad\x97", "b"}, {"abcd", "b"}}, 2, 80,
         "A     B\n" HAN "\xe5\xad\x97  b\nabcd  b\n"},
        {"combining", {LEFT("A"), LEFT("B")}, 2, {{"e\xcc\x81\xcc\xa3x", "b"}, {"abc", "b"}}, 2, 80,
         "A    B\ne\xcc\x81\xcc\xa3x   b\nabc  b\n"},
        {"four bytes", {LEFT("A"), LEFT("B")}, 2, {{"\xf0\x9f\x9a\xa8", "b"}, {"abc", "b"}}, 2, 80,
         "A    B\n\xf0\x9f\x9a\xa8   b\nabc  b\n"},
        {"two bytes", {RIGHT("A")}, 1, {{"\xc3\xa9\xc3\xa9"}, {"abc"}}, 2, 80, "  A\n \xc3\xa9\xc3\xa9\nabc\n"},
        {"a title", {LEFT("\xe5\x90\x8d\xe5\x89\x8d"), LEFT("B")}, 2, {{"a", "b"}}, 1, 80,
         "\xe5\x90\x8d\xe5\x89\x8d  B\na     b\n"},
        {"cut between", {SHRINKS("A"), LEFT("B")}, 2, {{HAN4 HAN4, "b"}}, 1, 16,
         "A              B\n" HAN4 HAN HAN DOTS "  b\n"},
        {"cut where half of one would fit", {SHRINKS("A"), LEFT("B")}, 2, {{HAN4 HAN4, "b"}}, 1, 15,
         "A             B\n" HAN4 HAN DOTS "   b\n"},
        {"marks stay with what they stand over", {SHRINKS("A"), LEFT("B")}, 2, {{"1234567890e\xcc\x81zzz", "b"}}, 1, 15,
         "A             B\n1234567890e\xcc\x81" DOTS "  b\n"},
        {"no character", {LEFT("A"), LEFT("B")}, 2, {{"\xcd\xb8", "b"}, {"ab", "b"}}, 2, 80,
         "A   B\n\xcd\xb8   b\nab  b\n"},
        {"machines count nothing", {LEFT("A"), LEFT("B")}, 2, {{HAN, "b"}}, 1, 0, HAN "\tb\n"},
    };
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    check_all(rows, COUNT(rows));
}

/* What is added is copied, however much it is, and the same table can be written again. */
static void test_many(void **state)
{
    (void)state;
    static const struct table_column columns[TABLE_COLUMNS_MAX] = {LEFT("N"), RIGHT("SQUARE")};
    struct table table;
    struct buf out = BUF_INIT;
    char text[32];
    table_open(&table, columns, TABLE_COLUMNS_MAX);
    for (int i = 0; i < 5000; i++)
        for (int c = 0; c < TABLE_COLUMNS_MAX; c++) {
            snprintf(text, sizeof text, "%d", i + c);
            table_add(&table, text);
        }
    table_write(&table, 0, &out);
    assert_int_equal(count_of(out.data, '\n'), 5000);
    assert_int_equal(count_of(out.data, '\t'), 5000 * (TABLE_COLUMNS_MAX - 1));
    assert_true(slice_starts(buf_view(&out), "0\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\n1\t2\t"));
    assert_true(slice_ends(buf_view(&out), "\t5013\t5014\n"));
    size_t len = out.len;
    table_write(&table, 0, &out);
    assert_int_equal(out.len, 2 * len);
    assert_memory_equal(out.data, out.data + len, len);
    buf_free(&out);
    table_close(&table);
}

static void test_a_long_cell(void **state)
{
    (void)state;
    struct whole table = {"long", {SHRINKS("A"), LEFT("B")}, 2, {{repeat("x", 100000), "b"}}, 1, 0, NULL};
    assert_int_equal(strlen(show(&table, 0)), 100000 + strlen("\tb\n"));
    assert_string_equal(show(&table, 20), "A                  B\nxxxxxxxxxxxxxxxx" DOTS "  b\n");
    assert_int_equal(strcspn(strchr(show(&table, 1000000), '\n') + 1, "\n"), 100003);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        int64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0 B"}, {1, "1 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {1099, "1.0 kB"}, {1100, "1.1 kB"}, {9999, "9.9 kB"},
        {10000, "10 kB"}, {340000000, "340 MB"}, {999999, "999 kB"}, {1000000, "1.0 MB"}, {1000000000, "1.0 GB"},
        {9900000000, "9.9 GB"}, {52428800, "52 MB"}, {1000000000000, "1.0 TB"}, {1234567890123456, "1.2 PB"},
        {INT64_MAX, "9223 PB"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        buf_str(&out, "<");
        term_size(&out, rows[i].bytes);
        CHECK_TEXT(out.data + 1, rows[i].text, "%lld", (long long)rows[i].bytes);
        buf_free(&out);
    }
}

RUN(TEST(test_machines), TEST(test_people), TEST(test_dropped), TEST(test_many), TEST(test_a_long_cell),
    TEST(test_sizes), TEST(test_wide))
