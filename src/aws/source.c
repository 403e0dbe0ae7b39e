#include "aws/source.h"

enum source_end source_not_here(struct source_context *context, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    context->why = arena_vprintf(context->arena, format, args);
    va_end(args);
    return SOURCE_NOT_HERE;
}

const char *source_key(const struct source_context *context, const char *key)
{
    return aws_config_get(context->config, context->arena, context->profile, key);
}

const char *source_profile_name(const struct source_context *context)
{
    return arena_printf(context->arena, "profile '%s'", context->profile);
}
