/* The few compiler attributes that the whole house uses, under plain names. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>

#define MUST_USE                       __attribute__((warn_unused_result))
#define PRINTF_LIKE(text_at, first_at) __attribute__((format(printf, text_at, first_at)))
#define NORETURN                       __attribute__((noreturn))
#define UNUSED                         __attribute__((unused))

/* `CLEANUP(buf_free) struct buf b = BUF_NULL(limit);` frees b when its scope ends.
 * The function takes a pointer to the variable. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* `*out = TAKE(p);` hands the value on and leaves NULL behind, so that CLEANUP frees
 * nothing. */
#define TAKE(pointer)                                                                    \
	__extension__({                                                                  \
		__typeof__(pointer) take_value_ = (pointer);                             \
		(pointer) = NULL;                                                        \
		take_value_;                                                             \
	})

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define CONTAINER_OF(pointer, type, member)                                              \
	__extension__({                                                                  \
		__typeof__(((type *)0)->member) *member_ = (pointer);                    \
		(type *)(void *)((char *)member_ - offsetof(type, member));              \
	})

#endif
