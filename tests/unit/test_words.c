/* Command lines are split as Python's shlex splits them (words.h), which the SDK for Python uses. */
#include "unit.h"

#include "aws/words.h"

struct row {
    const char *line;
    int count; /* -1: refused */
    const char *words[16];
};

#include "words.h"

static void test_as_shlex(void **state)
{
    (void)state;
    int refused = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char **words;
        int count = 0;
        const char *fault = split_words(&arena, rows[i].line, &words);
        CHECK(!fault == (rows[i].count >= 0), "%s", rows[i].line);
        refused += fault != NULL;
        if (fault || rows[i].count < 0)
            continue;
        for (; words[count] && count < rows[i].count; count++)
            CHECK_TEXT(words[count], rows[i].words[count], "%s", rows[i].line);
        CHECK(count == rows[i].count && !words[count], "%s: %d words", rows[i].line, count);
    }
    assert_true(refused > 50 && COUNT(rows) > 500);
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *line, *part;
    } faults[] = {{"a 'b", "quote"}, {"\"", "quote"}, {"a\\", "backslash"}, {"'a' \\", "backslash"}, {"'a\\' 'b", "quote"}};
    char **words;
    for (size_t i = 0; i < COUNT(faults); i++) {
        const char *fault = split_words(&arena, faults[i].line, &words);
        CHECK(fault && strstr(fault, faults[i].part), "%s: %s", faults[i].line, fault ? fault : "(none)");
    }
}

/* As much room as the worst lines take: every second byte a word, or none at all. */
static void test_many(void **state)
{
    (void)state;
    char **words;
    size_t count = 0;
    assert_null(split_words(&arena, repeat("a ", 100000), &words));
    while (words[count])
        assert_string_equal(words[count++], "a");
    assert_int_equal(count, 100000);
    assert_null(split_words(&arena, repeat("'' ", 100000), &words));
    for (count = 0; words[count]; count++)
        assert_string_equal(words[count], "");
    assert_int_equal(count, 100000);
    assert_null(split_words(&arena, repeat("\\a", 100000), &words));
    assert_true(strlen(words[0]) == 100000 && !words[1]);
    assert_null(split_words(&arena, repeat("''", 100000), &words));
    assert_true(*words[0] == 0 && !words[1]);
}

RUN(TEST(test_as_shlex), TEST(test_faults), TEST(test_many))
