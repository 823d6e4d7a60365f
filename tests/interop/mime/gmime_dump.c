/* What GMime makes of messages, in the form of mime_dump.c. GMime is here to judge, and
 * nowhere else. */
#include <gmime/gmime.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *text_json(const char *text)
{
	char *whole = g_utf8_make_valid(text, -1);
	json_t *json = json_string(whole);

	g_free(whole);
	return json;
}

static json_t *lower_json(const char *text)
{
	char *lower = g_ascii_strdown(text, -1);
	json_t *json = text_json(lower);

	g_free(lower);
	return json;
}

static json_t *parameters_json(GMimeParamList *list)
{
	json_t *object = json_object();

	for (int i = 0; i < g_mime_param_list_length(list); i++) {
		GMimeParam *p = g_mime_param_list_get_parameter_at(list, i);
		char *name = g_ascii_strdown(g_mime_param_get_name(p), -1);

		if (!json_object_get(object, name))
			json_object_set_new(object, name,
					text_json(g_mime_param_get_value(p)));
		g_free(name);
	}
	return object;
}

/* What the content is, as it came or decoded. */
static GByteArray *octets_of(GMimePart *part, gboolean decoded)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream = g_mime_stream_mem_new();
	GByteArray *octets = g_byte_array_new();

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), octets);
	if (content && decoded) {
		g_mime_data_wrapper_write_to_stream(content, stream);
	} else if (content) {
		GMimeStream *source = g_mime_data_wrapper_get_stream(content);

		g_mime_stream_reset(source);
		g_mime_stream_write_to_stream(source, stream);
	}
	g_object_unref(stream);
	return octets;
}

static void add_body(json_t *object, GMimePart *part)
{
	GByteArray *raw = octets_of(part, FALSE), *decoded = octets_of(part, TRUE);
	char *digest = g_compute_checksum_for_data(
			G_CHECKSUM_SHA256, decoded->data, decoded->len);
	json_int_t lines = 0;

	for (guint i = 0; i < raw->len; i++)
		lines += raw->data[i] == '\n';
	json_object_set_new(object, "size", json_integer(raw->len));
	json_object_set_new(object, "lines", json_integer(lines));
	json_object_set_new(object, "body", text_json(digest));
	g_free(digest);
	g_byte_array_unref(raw);
	g_byte_array_unref(decoded);
}

static void add_part(json_t *parts, GMimeObject *part, const char *place)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	GMimeContentDisposition *disposition =
			g_mime_object_get_content_disposition(part);
	char *name = g_mime_content_type_get_mime_type(type);
	json_t *object = json_object();

	json_object_set_new(object, "type", lower_json(name));
	g_free(name);
	json_object_set_new(object, "parameters",
			parameters_json(g_mime_content_type_get_parameters(type)));
	if (disposition) {
		json_object_set_new(object, "disposition",
				lower_json(g_mime_content_disposition_get_disposition(
						disposition)));
		json_object_set_new(object, "disposition parameters",
				parameters_json(g_mime_content_disposition_get_parameters(
						disposition)));
	}
	if (GMIME_IS_PART(part)) {
		const char *encoding = g_mime_content_encoding_to_string(
				g_mime_part_get_content_encoding(GMIME_PART(part)));

		json_object_set_new(object, "encoding",
				text_json(encoding ? encoding : "7bit"));
		add_body(object, GMIME_PART(part));
	}
	json_object_set_new(parts, place, object);
}

static void add_entries(json_t *array, InternetAddressList *list)
{
	for (int i = 0; i < internet_address_list_length(list); i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);
		const char *name = internet_address_get_name(a);
		json_t *entry = json_array();

		json_array_append_new(entry, text_json(name ? name : ""));
		json_array_append_new(array, entry);
		if (INTERNET_ADDRESS_IS_GROUP(a)) {
			add_entries(array, internet_address_group_get_members(
							   INTERNET_ADDRESS_GROUP(a)));
			json_array_append_new(array, json_array());
		} else {
			json_array_append_new(entry,
					text_json(internet_address_mailbox_get_addr(
							INTERNET_ADDRESS_MAILBOX(a))));
		}
	}
}

static void add_addresses(json_t *object, GMimeMessage *message, GMimeAddressType type,
		const char *name)
{
	json_t *array;

	if (!g_mime_object_get_header(GMIME_OBJECT(message), name))
		return;
	array = json_array();
	add_entries(array, g_mime_message_get_addresses(message, type));
	json_object_set_new(object, name, array);
}

static void add_message(json_t *messages, GMimeMessage *message, const char *place)
{
	json_t *object = json_object();
	const char *id = g_mime_message_get_message_id(message);
	GDateTime *date = g_mime_message_get_date(message);

	if (g_mime_message_get_subject(message))
		json_object_set_new(object, "subject",
				text_json(g_mime_message_get_subject(message)));
	if (id) {
		char *whole = g_strdup_printf("<%s>", id);

		json_object_set_new(object, "message-id", text_json(whole));
		g_free(whole);
	}
	add_addresses(object, message, GMIME_ADDRESS_TYPE_FROM, "from");
	add_addresses(object, message, GMIME_ADDRESS_TYPE_SENDER, "sender");
	add_addresses(object, message, GMIME_ADDRESS_TYPE_REPLY_TO, "reply-to");
	add_addresses(object, message, GMIME_ADDRESS_TYPE_TO, "to");
	add_addresses(object, message, GMIME_ADDRESS_TYPE_CC, "cc");
	add_addresses(object, message, GMIME_ADDRESS_TYPE_BCC, "bcc");
	if (date)
		json_object_set_new(object, "date",
				json_pack("[I, i]", (json_int_t)g_date_time_to_unix(date),
						(int)(g_date_time_get_utc_offset(date) /
								G_TIME_SPAN_MINUTE)));
	json_object_set_new(messages, place, object);
}

/* A part or message that is still to be added. */
struct waiting {
	GMimeObject *object;
	char *place;
};

static void push(GQueue *queue, gpointer object, char *place)
{
	struct waiting *w = g_new(struct waiting, 1);

	*w = (struct waiting){ object, place };
	g_queue_push_tail(queue, w);
}

static void add_object(
		json_t *parts, json_t *messages, GQueue *queue, const struct waiting *w)
{
	const char *dot = *w->place ? "." : "";

	if (GMIME_IS_MESSAGE(w->object)) {
		GMimeMessage *message = GMIME_MESSAGE(w->object);

		add_message(messages, message, w->place);
		if (g_mime_message_get_mime_part(message))
			push(queue, g_mime_message_get_mime_part(message),
					g_strdup(w->place));
		return;
	}
	add_part(parts, w->object, w->place);
	if (GMIME_IS_MESSAGE_PART(w->object) &&
			g_mime_message_part_get_message(GMIME_MESSAGE_PART(w->object)))
		push(queue,
				g_mime_message_part_get_message(
						GMIME_MESSAGE_PART(w->object)),
				g_strdup_printf("%s%s0", w->place, dot));
	if (!GMIME_IS_MULTIPART(w->object))
		return;
	for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(w->object)); i++)
		push(queue, g_mime_multipart_get_part(GMIME_MULTIPART(w->object), i),
				g_strdup_printf("%s%s%d", w->place, dot, i));
}

static void dump(const char *path, const char *text, gsize len)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	json_t *parts = json_object(), *messages = json_object(), *line;
	GQueue *queue = g_queue_new();
	char *name = g_path_get_basename(path);

	if (message)
		push(queue, message, g_strdup(""));
	for (struct waiting *w; (w = g_queue_pop_head(queue));) {
		add_object(parts, messages, queue, w);
		g_free(w->place);
		g_free(w);
	}
	line = json_pack("{s:s, s:o, s:o}", "file", name, "parts", parts, "messages",
			messages);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
	g_free(name);
	g_queue_free(queue);
	if (message)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
}

int main(int argc, char **argv)
{
	g_mime_init();
	for (int i = 1; i < argc; i++) {
		GError *error = NULL;
		char *text;
		gsize len;

		if (!g_file_get_contents(argv[i], &text, &len, &error)) {
			fprintf(stderr, "%s\n", error->message);
			return 1;
		}
		dump(argv[i], text, len);
		g_free(text);
	}
	return 0;
}
