#include "agent/acme/order.h"

#include "agent/database/text.h"

/* -- writing -- */

static json_t *write_authorizations(const struct acme_order *order)
{
	json_t *list = json_array();

	for (size_t i = 0; i < order->authorization_count; i++) {
		const struct acme_authorization *a = &order->authorizations[i];

		json_array_append_new(list,
				json_pack("{s:o, s:o, s:o, s:o, s:b}", "url",
						json_view(a->url), "name",
						json_view(a->name), "challenge",
						json_view(a->challenge), "token",
						json_view(a->token), "valid", a->valid));
	}
	return list;
}

void acme_order_write(const struct acme_order *order, struct buf *out)
{
	const struct acme_directory *d = &order->directory;
	json_t *root = json_pack("{s:i, s:i, s:i, s:I}", "step", (int)order->step,
			"issuer", (int)order->issuer, "failures", (int)order->failures,
			"began", (json_int_t)order->began);
	char *text;

	json_object_set_new(root, "new_nonce", json_view(d->nonce));
	json_object_set_new(root, "new_account", json_view(d->account));
	json_object_set_new(root, "new_order", json_view(d->order));
	json_object_set_new(root, "renewal", json_view(d->renewal));
	json_object_set_new(root, "authority", json_view(d->authority));
	json_object_set_new(root, "nonce", json_view(order->nonce));
	json_object_set_new(root, "account", json_view(order->account));
	json_object_set_new(root, "order", json_view(order->order));
	json_object_set_new(root, "finalize", json_view(order->finalize));
	json_object_set_new(root, "chain", json_view(order->chain));
	json_object_set_new(root, "refused", json_view(order->refused));
	json_object_set_new(root, "refused_name", json_view(order->refused_name));
	json_object_set_new(root, "authorizations", write_authorizations(order));
	text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	buf_add_z(out, text);
	buf_add_byte(out, '\0');
	buf_add(out, secret_expose(&order->key));
	free(text);
	json_decref(root);
}

/* -- reading -- */

static struct view text_of(struct arena *arena, const json_t *root, const char *name)
{
	const json_t *value = json_object_get(root, name);

	return arena_copy(arena,
			view_of(json_string_value(value), json_string_length(value)));
}

static void read_authorizations(
		struct arena *arena, const json_t *list, struct acme_order *order)
{
	size_t count = json_array_size(list);

	order->authorizations = arena_array(arena, count, sizeof(*order->authorizations));
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);

		order->authorizations[order->authorization_count++] =
				(struct acme_authorization){
					.url = text_of(arena, one, "url"),
					.name = text_of(arena, one, "name"),
					.challenge = text_of(arena, one, "challenge"),
					.token = text_of(arena, one, "token"),
					.valid = json_is_true(
							json_object_get(one, "valid")),
				};
	}
}

int acme_order_read(struct arena *arena, struct view bytes, struct acme_order *out)
{
	struct acme_order order = { 0 };
	struct view key = bytes;
	struct view text = view_cut(&key, '\0');
	json_t *root;
	json_int_t step;

	if (bytes.len == 0) {
		*out = order;
		return 0;
	}
	root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	step = json_integer_value(json_object_get(root, "step"));
	if (!root || step < 0 || step >= ACME_STEPS) {
		json_decref(root);
		return ACME_ORDER_E_FORM;
	}
	order.step = (enum acme_step)step;
	order.issuer = (unsigned)json_integer_value(json_object_get(root, "issuer"));
	order.failures = (unsigned)json_integer_value(json_object_get(root, "failures"));
	order.began = json_integer_value(json_object_get(root, "began"));
	order.directory = (struct acme_directory){
		.nonce = text_of(arena, root, "new_nonce"),
		.account = text_of(arena, root, "new_account"),
		.order = text_of(arena, root, "new_order"),
		.renewal = text_of(arena, root, "renewal"),
		.authority = text_of(arena, root, "authority"),
	};
	order.nonce = text_of(arena, root, "nonce");
	order.account = text_of(arena, root, "account");
	order.order = text_of(arena, root, "order");
	order.finalize = text_of(arena, root, "finalize");
	order.chain = text_of(arena, root, "chain");
	order.refused = text_of(arena, root, "refused");
	order.refused_name = text_of(arena, root, "refused_name");
	read_authorizations(arena, json_object_get(root, "authorizations"), &order);
	json_decref(root);
	if (key.len)
		order.key = secret_copy(key);
	*out = order;
	return 0;
}

void acme_order_deinit(struct acme_order *order)
{
	secret_free(&order->key);
}

void acme_order_renew(struct acme_order *order)
{
	struct acme_order fresh = {
		.step = order->account.len ? ACME_ORDER : ACME_ACCOUNT,
		.issuer = order->issuer,
		.failures = order->failures,
		.directory = order->directory,
		.nonce = order->nonce,
		.account = order->account,
		.refused = order->refused,
		.refused_name = order->refused_name,
	};

	acme_order_deinit(order);
	*order = fresh;
}
