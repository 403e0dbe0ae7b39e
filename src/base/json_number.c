#include "base/json.h"

#define SECONDS_MAX 1000000000000000 /* 30 million years */

bool json_int64(struct json_node node, int64_t *value)
{
    struct slice raw = json_raw(node);
    if (!json_is(node, JSON_NUMBER) || raw.len == 0)
        return false;
    bool negative = raw.data[0] == '-';
    uint64_t magnitude;
    if (!slice_number(slice_from(raw, negative), INT64_MAX, &magnitude))
        return false;
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* How far an exponent ("e9", "E-3") moves the point; what is out of all reason comes out as far, too. */
static int exponent_of(struct slice text)
{
    uint64_t magnitude;
    bool negative = text.len && text.data[0] == '-';
    if (negative || (text.len && text.data[0] == '+'))
        text = slice_from(text, 1);
    if (!slice_number(text, 1000, &magnitude))
        magnitude = text.len ? 1000 : 0;
    return negative ? -(int)magnitude : (int)magnitude;
}

bool json_seconds(struct json_node node, int64_t *value)
{
    struct slice fraction = json_raw(node), exponent = fraction;
    if (!json_is(node, JSON_NUMBER) || fraction.len == 0)
        return false;
    bool negative = fraction.data[0] == '-';
    for (size_t i = 0; i < fraction.len && exponent.len == fraction.len; i++)
        if (ascii_lower(fraction.data[i]) == 'e')
            exponent = slice_from(fraction, i + 1);
    bool has_exponent = exponent.len < fraction.len;
    fraction = slice_from(slice_head(fraction, fraction.len - (has_exponent ? exponent.len + 1 : 0)), negative);
    struct slice whole = slice_cut(&fraction, '.');
    int64_t digits = (int64_t)whole.len + (has_exponent ? exponent_of(exponent) : 0); /* before the point */
    int64_t seconds = 0;
    for (int64_t i = 0; i < digits; i++) {
        size_t at = (size_t)i;
        char c = at < whole.len ? whole.data[at] : at - whole.len < fraction.len ? fraction.data[at - whole.len] : '0';
        seconds = seconds * 10 + (c - '0');
        if (seconds > SECONDS_MAX)
            return false;
    }
    *value = negative ? -seconds : seconds;
    return true;
}
