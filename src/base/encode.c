#include "base/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void encode_hex(struct buf *out, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++) {
        buf_char(out, hex_digits[bytes[i] >> 4]);
        buf_char(out, hex_digits[bytes[i] & 15]);
    }
}

static unsigned byte_at(struct slice data, size_t i)
{
    return i < data.len ? (unsigned char)data.data[i] : 0;
}

void encode_base64(struct buf *out, struct slice data, bool url)
{
    const char *alphabet = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                               : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < data.len; i += 3) {
        unsigned bits = byte_at(data, i) << 16 | byte_at(data, i + 1) << 8 | byte_at(data, i + 2);
        char group[4];
        for (int k = 0; k < 4; k++)
            group[k] = alphabet[bits >> (18 - 6 * k) & 63];
        if (data.len - i < 3)
            group[3] = '=';
        if (data.len - i < 2)
            group[2] = '=';
        buf_add(out, group, 4);
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (ascii_is_lower(c))
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

int decode_base64(struct buf *out, struct slice text)
{
    unsigned bits = 0;
    size_t digits = 0, padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (c == '=') {
            padding++;
            continue;
        }
        int value = base64_value(c);
        if (value < 0 || padding)
            return -1;
        bits = bits << 6 | (unsigned)value;
        if (++digits % 4 == 0) {
            char group[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
            buf_add(out, group, 3);
        }
    }
    size_t left = digits % 4;
    if (left == 1 || (padding && (left == 0 || padding != 4 - left)))
        return -1;
    bits <<= left ? 6 * (4 - left) : 0;
    char group[2] = {(char)(bits >> 16), (char)(bits >> 8)};
    buf_add(out, group, left ? left - 1 : 0);
    return 0;
}

void encode_percent(struct buf *out, struct slice text, const char *keep)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (ascii_is_alnum(c) || (c && (strchr("-_.~", c) || strchr(keep, c))))
            buf_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

static int hex_value(char c)
{
    const char *hit = c ? strchr(hex_digits, ascii_lower(c)) : NULL;
    return hit ? (int)(hit - hex_digits) : -1;
}

int decode_percent(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '%') {
            buf_char(out, text.data[i]);
            continue;
        }
        if (text.len - i < 3)
            return -1;
        int high = hex_value(text.data[i + 1]), low = hex_value(text.data[i + 2]);
        if (high < 0 || low < 0)
            return -1;
        buf_char(out, (char)(high * 16 + low));
        i += 2;
    }
    return 0;
}
