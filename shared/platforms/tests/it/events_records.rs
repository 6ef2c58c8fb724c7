//! Help desks, surveys, shops and newsletters: made-up payloads in the platforms' own form, one line per event.

use crate::table::check;

#[test]
fn zendesk() {
    check(
        "platform = \"zendesk\"\nsecret = \"env:X\"",
        vec![
            (
                "a ticket",
                &[],
                r#"{"type": "zen:event-type:ticket.created", "time": "2026-03-01T10:00:00Z", "id": "01H", "detail": {"id": "35436", "status": "OPEN", "type": "question", "requester_id": "8447", "assignee_id": "8448", "organization_id": null, "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:59:00Z", "via": {"channel": "web_service"}}, "event": {}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=tickets subject=35436 record=tickets ticket_id=35436 person_id=8447 created_at=2026-03-01T09:00:00Z agent_id=8448 channel=web_service topic=question status=open updated_at=2026-03-01T09:59:00Z source=zendesk",
                ],
            ),
            (
                "solved",
                &[],
                r#"{"type": "zen:event-type:ticket.status_changed", "time": "2026-03-01T10:00:00Z", "id": "01H", "detail": {"id": "35436", "status": "SOLVED", "type": "question", "requester_id": "8447", "assignee_id": "8448", "organization_id": null, "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:59:00Z", "via": {"channel": "web_service"}}, "event": {}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=tickets subject=35436 record=tickets ticket_id=35436 person_id=8447 created_at=2026-03-01T09:00:00Z solved_at=2026-03-01T10:00:00Z agent_id=8448 channel=web_service topic=question status=solved updated_at=2026-03-01T09:59:00Z source=zendesk",
                ],
            ),
            (
                "a user",
                &[],
                r#"{"type": "zen:event-type:user.created", "time": "2026-03-01T10:00:00Z", "id": "01H", "detail": {"id": "8447", "email": "zoe@example.com", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:00:00Z"}, "event": {}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=people subject=8447 record=people person_id=8447 email_key=# created_at=2026-03-01T09:00:00Z updated_at=2026-03-01T09:00:00Z source=zendesk",
                ],
            ),
            (
                "a post of the community",
                &[],
                r#"{"type": "zen:event-type:community_post.published", "time": "2026-03-01T10:00:00Z", "id": "01H", "detail": {"id": "500"}, "event": {"author_id": "8447", "title": "Bonjour", "body": "<p>Salut</p>"}}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=8447 thread=community_post/500 message=community_post/500 text=\"Salut\"",
                ],
            ),
            (
                "a comment on it",
                &[],
                r#"{"type": "zen:event-type:community_post.comment_created", "time": "2026-03-01T10:00:00Z", "id": "01H", "detail": {"id": "500"}, "event": {"comment": {"id": "501", "author_id": "8448", "body": "<p>Oui</p>"}}}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=8448 thread=community_post/500 reply_to=community_post/500 message=comment/501 text=\"Oui\"",
                ],
            ),
            (
                "a ticket without a status",
                &[],
                r#"{"type": "zen:event-type:ticket.created", "time": "2026-03-01T10:00:00Z", "id": "01H", "detail": {"id": "1", "created_at": "2026-03-01T09:00:00Z"}, "event": {}}"#,
                &["quarantined detail.status is missing or unreadable"],
            ),
            (
                "tomorrow's",
                &[],
                r#"{"type": "zen:event-type:asset.created", "time": "2026-03-01T10:00:00Z", "id": "01H", "detail": {"id": "1"}, "event": {}}"#,
                &["ignored unknown_type"],
            ),
        ],
    );
}

#[test]
fn intercom() {
    check(
        "platform = \"intercom\"\nsecret = \"env:X\"",
        vec![
            (
                "a contact",
                &[],
                r#"{"type": "notification_event", "id": "notif_1", "topic": "contact.user.created", "created_at": 1772359200, "data": {"type": "notification_event_data", "item": {"type": "contact", "id": "c1", "role": "user", "email": "zoe@example.com", "phone": "+33612345678", "created_at": 1772359100, "updated_at": 1772359200, "unsubscribed_from_emails": true}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=people subject=c1 record=people person_id=c1 email_key=# phone_key=# created_at=2026-03-01T09:58:20Z lifecycle_raw=user opted_out=true updated_at=2026-03-01T10:00:00Z source=intercom",
                ],
            ),
            (
                "a conversation closed",
                &[],
                r#"{"type": "notification_event", "id": "notif_1", "topic": "conversation.admin.closed", "created_at": 1772359200, "data": {"type": "notification_event_data", "item": {"type": "conversation", "id": "v1", "created_at": 1772350000, "updated_at": 1772359200, "state": "closed", "open": false, "source": {"type": "email", "author": {"id": "c1", "email": "zoe@example.com"}}, "contacts": {"contacts": [{"id": "c1"}]}, "statistics": {"first_admin_reply_at": 1772351000, "last_close_at": 1772359200}, "admin_assignee_id": 3, "conversation_rating": {"rating": 5}}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=tickets subject=v1 record=tickets ticket_id=v1 person_id=c1 email_key=# created_at=2026-03-01T07:26:40Z first_reply_at=2026-03-01T07:43:20Z solved_at=2026-03-01T10:00:00Z agent_id=3 channel=email status=closed satisfaction=5 updated_at=2026-03-01T10:00:00Z source=intercom",
                ],
            ),
            (
                "a ping",
                &[],
                r#"{"type": "notification_event", "topic": "ping", "data": {"item": {"type": "ping"}}}"#,
                &["ignored ping"],
            ),
            (
                "deleted",
                &[],
                r#"{"type": "notification_event", "id": "notif_1", "topic": "contact.deleted", "created_at": 1772359200, "data": {"type": "notification_event_data", "item": {"type": "contact", "id": "c1"}}}"#,
                &["ignored deleted_in_crm"],
            ),
        ],
    );
}

#[test]
fn typeform() {
    check(
        "platform = \"typeform\"\nsecret = \"env:X\"",
        vec![
            (
                "a recommendation",
                &[],
                r#"{"event_id": "e", "event_type": "form_response", "form_response": {"form_id": "f1", "token": "tok1", "submitted_at": "2026-03-01T10:00:00Z", "definition": {"id": "f1", "fields": [{"id": "q1", "type": "nps", "title": "Recommanderiez-vous ?"}]}, "answers": [{"type": "number", "number": 9, "field": {"id": "q1", "type": "nps"}}, {"type": "email", "email": "zoe@example.com", "field": {"id": "q2", "type": "email"}}]}}"#,
                &[
                    "survey_answered 2026-03-01T10:00:00Z actor=f91a00d3352230452acd3e83463849c7 email_key=# score=9 subject=f1 survey=nps record=surveys response_id=tok1 email_key=# answered_at=2026-03-01T10:00:00Z kind=nps score=9 survey=f1 source=typeform",
                ],
            ),
            (
                "a scale to ten",
                &[],
                r#"{"event_id": "e", "event_type": "form_response", "form_response": {"form_id": "f1", "token": "tok1", "submitted_at": "2026-03-01T10:00:00Z", "definition": {"id": "f1", "fields": [{"id": "q1", "type": "opinion_scale", "title": "How likely are you to recommend us?", "properties": {"steps": 11, "start_at_zero": true}}]}, "answers": [{"type": "number", "number": 0, "field": {"id": "q1", "type": "opinion_scale"}}], "hidden": {"user_id": "crm-7"}}}"#,
                &[
                    "survey_answered 2026-03-01T10:00:00Z actor=crm-7 external_id=crm-7 score=0 subject=f1 survey=nps record=surveys response_id=tok1 person_id=crm-7 answered_at=2026-03-01T10:00:00Z kind=nps score=0 survey=f1 source=typeform",
                ],
            ),
            (
                "satisfaction",
                &[],
                r#"{"event_id": "e", "event_type": "form_response", "form_response": {"form_id": "f1", "token": "tok1", "submitted_at": "2026-03-01T10:00:00Z", "definition": {"id": "f1", "fields": [{"id": "q1", "type": "rating", "title": "Êtes-vous satisfait ?", "properties": {"steps": 5}}]}, "answers": [{"type": "number", "number": 4, "field": {"id": "q1", "type": "rating"}}]}}"#,
                &[
                    "survey_answered 2026-03-01T10:00:00Z actor=tok1 score=4 subject=f1 survey=csat record=surveys response_id=tok1 answered_at=2026-03-01T10:00:00Z kind=csat score=4 survey=f1 source=typeform",
                ],
            ),
            (
                "no score",
                &[],
                r#"{"event_id": "e", "event_type": "form_response", "form_response": {"form_id": "f1", "token": "tok1", "submitted_at": "2026-03-01T10:00:00Z", "definition": {"id": "f1", "fields": []}, "answers": [{"type": "text", "text": "Merci", "field": {"id": "q9", "type": "long_text"}}]}}"#,
                &["survey_answered 2026-03-01T10:00:00Z actor=tok1 subject=f1"],
            ),
        ],
    );
}

#[test]
fn stripe() {
    check(
        "platform = \"stripe\"\nsecret = \"env:X\"",
        vec![
            (
                "a customer",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "customer.created", "created": 1772359200, "data": {"object": {"id": "cus_1", "object": "customer", "email": "zoe@example.com", "phone": null, "created": 1772359200, "address": {"country": "FR"}, "preferred_locales": ["fr"]}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=people subject=cus_1 record=people person_id=cus_1 email_key=# created_at=2026-03-01T10:00:00Z country=FR language=fr updated_at=2026-03-01T10:00:00Z source=stripe",
                ],
            ),
            (
                "a subscription",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "customer.subscription.created", "created": 1772359200, "data": {"object": {"id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_1", "currency": "eur", "start_date": 1769940000, "items": {"data": [{"quantity": 2, "price": {"id": "price_1", "nickname": "Pro", "currency": "eur", "unit_amount": 4900, "recurring": {"interval": "month", "interval_count": 1}}, "current_period_end": 1774951200}]}}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=subscriptions subject=sub_1 record=subscriptions subscription_id=sub_1 person_id=cus_1 plan=Pro status=active started_at=2026-02-01T10:00:00Z current_period_end=2026-03-31T10:00:00Z amount_minor=4900 interval=month quantity=2 currency=EUR updated_at=2026-03-01T10:00:00Z source=stripe",
                ],
            ),
            (
                "a yearly one cancelled",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "customer.subscription.deleted", "created": 1772359200, "data": {"object": {"id": "sub_1", "object": "subscription", "status": "canceled", "customer": "cus_1", "currency": "eur", "start_date": 1769940000, "items": {"data": [{"quantity": 1, "price": {"id": "price_1", "nickname": "Pro", "currency": "eur", "unit_amount": 49000, "recurring": {"interval": "year", "interval_count": 1}}}]}, "canceled_at": 1772359200, "ended_at": 1772359200}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=subscriptions subject=sub_1 record=subscriptions subscription_id=sub_1 person_id=cus_1 plan=Pro status=cancelled started_at=2026-02-01T10:00:00Z cancelled_at=2026-03-01T10:00:00Z ended_at=2026-03-01T10:00:00Z amount_minor=49000 interval=year quantity=1 currency=EUR updated_at=2026-03-01T10:00:00Z source=stripe",
                ],
            ),
            (
                "a daily one",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "customer.subscription.created", "created": 1772359200, "data": {"object": {"id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_1", "currency": "eur", "start_date": 1769940000, "items": {"data": [{"price": {"id": "price_1", "nickname": "Pro", "currency": "eur", "unit_amount": 4900, "recurring": {"interval": "day", "interval_count": 1}}}]}}}}"#,
                &[
                    "quarantined data.object.items.data.price.recurring.interval is missing or unreadable",
                ],
            ),
            (
                "an invoice",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1772359200, "data": {"object": {"id": "in_1", "object": "invoice", "status": "paid", "currency": "jpy", "total": 1200, "tax": 100, "created": 1772359000, "customer": "cus_1", "subscription": "sub_1", "status_transitions": {"finalized_at": 1772359100, "paid_at": 1772359200}}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=invoices subject=in_1 record=invoices invoice_id=in_1 subscription_id=sub_1 person_id=cus_1 issued_at=2026-03-01T09:58:20Z paid_at=2026-03-01T10:00:00Z amount_minor=1200 tax_minor=100 currency=JPY status=paid source=stripe",
                ],
            ),
            (
                "a charge",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "charge.succeeded", "created": 1772359200, "data": {"object": {"id": "ch_1", "object": "charge", "amount": 5000, "amount_refunded": 0, "currency": "eur", "created": 1772359100, "customer": "cus_1", "status": "succeeded", "livemode": true, "billing_details": {"email": "zoe@example.com"}}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=orders subject=ch_1 record=orders order_id=ch_1 person_id=cus_1 email_key=# ordered_at=2026-03-01T09:58:20Z status=paid amount_minor=5000 refunded_amount_minor=0 currency=EUR updated_at=2026-03-01T10:00:00Z source=stripe",
                ],
            ),
            (
                "partly refunded",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "charge.refunded", "created": 1772359200, "data": {"object": {"id": "ch_1", "object": "charge", "amount": 5000, "amount_refunded": 2000, "currency": "eur", "created": 1772359100, "customer": "cus_1", "status": "succeeded", "livemode": true, "billing_details": {"email": "zoe@example.com"}}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=orders subject=ch_1 record=orders order_id=ch_1 person_id=cus_1 email_key=# ordered_at=2026-03-01T09:58:20Z status=partially_refunded amount_minor=5000 refunded_amount_minor=2000 currency=EUR updated_at=2026-03-01T10:00:00Z source=stripe",
                ],
            ),
            (
                "a trial run",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "charge.succeeded", "created": 1772359200, "data": {"object": {"id": "ch_1", "object": "charge", "amount": 5000, "amount_refunded": 0, "currency": "eur", "created": 1772359100, "customer": "cus_1", "status": "succeeded", "livemode": false, "billing_details": {"email": "zoe@example.com"}}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=orders subject=ch_1 record=orders order_id=ch_1 person_id=cus_1 email_key=# ordered_at=2026-03-01T09:58:20Z status=test amount_minor=5000 refunded_amount_minor=0 currency=EUR updated_at=2026-03-01T10:00:00Z source=stripe",
                ],
            ),
            (
                "another type",
                &[],
                r#"{"id": "evt_1", "object": "event", "type": "radar.early_fraud_warning.created", "created": 1772359200, "data": {"object": {"id": "issfr_1"}}}"#,
                &["ignored unknown_type"],
            ),
        ],
    );
}

#[test]
fn shopify() {
    check(
        "platform = \"shopify\"\nsecret = \"env:X\"",
        vec![
            (
                "an order",
                &[("x-shopify-topic", "orders/create")],
                r#"{"id": 1001, "currency": "EUR", "total_price": "120.00", "total_tax": "20.00", "total_discounts": "10.00", "discount_codes": [{"code": "HIVER"}], "financial_status": "paid", "created_at": "2026-03-01T10:00:00+01:00", "updated_at": "2026-03-01T10:05:00+01:00", "email": "zoe@example.com", "customer": {"id": 77}, "line_items": [{"quantity": 2}, {"quantity": 1}], "source_name": "web", "refunds": [], "test": false}"#,
                &[
                    "record_changed 2026-03-01T09:05:00Z entity=orders subject=1001 record=orders order_id=1001 person_id=77 email_key=# ordered_at=2026-03-01T09:00:00Z status=paid amount_minor=12000 refunded_amount_minor=0 tax_minor=2000 discount_minor=1000 promo_code=HIVER currency=EUR items=3 channel=web updated_at=2026-03-01T09:05:00Z source=shopify",
                ],
            ),
            (
                "partly refunded",
                &[("x-shopify-topic", "orders/updated")],
                r#"{"id": 1001, "currency": "EUR", "total_price": "120.00", "total_tax": "20.00", "total_discounts": "10.00", "discount_codes": [{"code": "HIVER"}], "financial_status": "partially_refunded", "created_at": "2026-03-01T10:00:00+01:00", "updated_at": "2026-03-01T10:05:00+01:00", "email": "zoe@example.com", "customer": {"id": 77}, "line_items": [{"quantity": 2}, {"quantity": 1}], "source_name": "web", "refunds": [{"transactions": [{"amount": "30.00", "status": "success"}, {"amount": "5.00", "status": "failure"}]}], "test": false}"#,
                &[
                    "record_changed 2026-03-01T09:05:00Z entity=orders subject=1001 record=orders order_id=1001 person_id=77 email_key=# ordered_at=2026-03-01T09:00:00Z status=partially_refunded amount_minor=12000 refunded_amount_minor=3000 tax_minor=2000 discount_minor=1000 promo_code=HIVER currency=EUR items=3 channel=web updated_at=2026-03-01T09:05:00Z source=shopify",
                ],
            ),
            (
                "cancelled",
                &[("x-shopify-topic", "orders/cancelled")],
                r#"{"id": 1001, "currency": "EUR", "total_price": "120.00", "total_tax": "20.00", "total_discounts": "10.00", "discount_codes": [{"code": "HIVER"}], "financial_status": "paid", "created_at": "2026-03-01T10:00:00+01:00", "updated_at": "2026-03-01T10:05:00+01:00", "email": "zoe@example.com", "customer": {"id": 77}, "line_items": [{"quantity": 2}, {"quantity": 1}], "source_name": "web", "refunds": [], "test": false, "cancelled_at": "2026-03-01T11:00:00+01:00"}"#,
                &[
                    "record_changed 2026-03-01T09:05:00Z entity=orders subject=1001 record=orders order_id=1001 person_id=77 email_key=# ordered_at=2026-03-01T09:00:00Z status=cancelled amount_minor=12000 refunded_amount_minor=0 tax_minor=2000 discount_minor=1000 promo_code=HIVER currency=EUR items=3 channel=web updated_at=2026-03-01T09:05:00Z source=shopify",
                ],
            ),
            (
                "a trial order",
                &[("x-shopify-topic", "orders/create")],
                r#"{"id": 1001, "currency": "EUR", "total_price": "120.00", "total_tax": "20.00", "total_discounts": "10.00", "discount_codes": [{"code": "HIVER"}], "financial_status": "paid", "created_at": "2026-03-01T10:00:00+01:00", "updated_at": "2026-03-01T10:05:00+01:00", "email": "zoe@example.com", "customer": {"id": 77}, "line_items": [{"quantity": 2}, {"quantity": 1}], "source_name": "web", "refunds": [], "test": true}"#,
                &[
                    "record_changed 2026-03-01T09:05:00Z entity=orders subject=1001 record=orders order_id=1001 person_id=77 email_key=# ordered_at=2026-03-01T09:00:00Z status=test amount_minor=12000 refunded_amount_minor=0 tax_minor=2000 discount_minor=1000 promo_code=HIVER currency=EUR items=3 channel=web updated_at=2026-03-01T09:05:00Z source=shopify",
                ],
            ),
            (
                "a customer",
                &[("x-shopify-topic", "customers/update")],
                r#"{"id": 77, "email": "zoe@example.com", "phone": "+33612345678", "created_at": "2026-01-01T10:00:00Z", "updated_at": "2026-03-01T10:00:00Z", "accepts_marketing": false, "default_address": {"country_code": "FR"}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=people subject=77 record=people person_id=77 email_key=# phone_key=# created_at=2026-01-01T10:00:00Z country=FR opted_out=true updated_at=2026-03-01T10:00:00Z source=shopify",
                ],
            ),
            (
                "to be forgotten",
                &[("x-shopify-topic", "customers/redact")],
                r#"{"customer": {"id": 77}}"#,
                &["ignored privacy_request"],
            ),
            (
                "no currency",
                &[("x-shopify-topic", "orders/create")],
                r#"{"id": 1001, "currency": "EURO", "total_price": "120.00", "total_tax": "20.00", "total_discounts": "10.00", "discount_codes": [{"code": "HIVER"}], "financial_status": "paid", "created_at": "2026-03-01T10:00:00+01:00", "updated_at": "2026-03-01T10:05:00+01:00", "email": "zoe@example.com", "customer": {"id": 77}, "line_items": [{"quantity": 2}, {"quantity": 1}], "source_name": "web", "refunds": [], "test": false}"#,
                &["quarantined currency is missing or unreadable"],
            ),
        ],
    );
}

#[test]
fn hubspot() {
    check(
        "platform = \"hubspot\"\nsecret = \"env:X\"\npublic_url = \"https://h.example/h\"",
        vec![
            (
                "a batch",
                &[],
                r#"[{"eventId": 1, "subscriptionId": 2, "occurredAt": 1772359200000, "subscriptionType": "contact.creation", "objectId": 51, "propertyName": null, "propertyValue": null}, {"eventId": 1, "subscriptionId": 2, "occurredAt": 1772359200000, "subscriptionType": "contact.propertyChange", "objectId": 51, "propertyName": "email", "propertyValue": "zoe@example.com"}, {"eventId": 1, "subscriptionId": 2, "occurredAt": 1772359200000, "subscriptionType": "contact.propertyChange", "objectId": 51, "propertyName": "lifecyclestage", "propertyValue": "customer"}, {"eventId": 1, "subscriptionId": 2, "occurredAt": 1772359200000, "subscriptionType": "contact.privacyDeletion", "objectId": 51, "propertyName": null, "propertyValue": null}, {"eventId": 1, "subscriptionId": 2, "occurredAt": 1772359200000, "subscriptionType": "company.creation", "objectId": 51, "propertyName": null, "propertyValue": null}, {"eventId": 1, "subscriptionId": 2, "occurredAt": 1772359200000, "subscriptionType": "deal.tomorrow", "objectId": 51, "propertyName": null, "propertyValue": null}]"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=people subject=51 record=people person_id=51 created_at=2026-03-01T10:00:00Z updated_at=2026-03-01T10:00:00Z source=hubspot",
                    "member_updated 2026-03-01T10:00:00Z actor=51 email_key=# property=email",
                    "member_updated 2026-03-01T10:00:00Z actor=51 property=lifecyclestage",
                    "ignored privacy_request",
                    "record_changed 2026-03-01T10:00:00Z entity=accounts subject=51 record=accounts account_id=51 created_at=2026-03-01T10:00:00Z updated_at=2026-03-01T10:00:00Z source=hubspot",
                    "ignored unknown_type",
                ],
            ),
            (
                "a workflow",
                &[],
                r#"{"vid": 51, "properties": {"email": {"value": "zoe@example.com"}, "lifecyclestage": {"value": "customer"}, "createdate": {"value": "1772000000000"}, "lastmodifieddate": {"value": "1772359200000"}, "hubspot_owner_id": {"value": "9"}}}"#,
                &[
                    "record_changed 2026-03-01T10:00:00Z entity=people subject=51 record=people person_id=51 email_key=# created_at=2026-02-25T06:13:20Z lifecycle=customer lifecycle_raw=customer owner_id=9 updated_at=2026-03-01T10:00:00Z source=hubspot",
                ],
            ),
        ],
    );
}

#[test]
fn brevo() {
    check(
        "platform = \"brevo\"\nsecret = \"env:X\"",
        vec![
            (
                "delivered",
                &[],
                r#"{"event": "delivered", "email": "zoe@example.com", "message-id": "<m1@x>", "ts_event": 1772359200}"#,
                &[
                    "notification_delivered 2026-03-01T10:00:00Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=<m1@x>",
                ],
            ),
            (
                "opened, then by a proxy",
                &[],
                r#"[{"event": "opened", "email": "zoe@example.com", "message-id": "<m1@x>", "ts_event": 1772359260}, {"event": "proxy_open", "email": "zoe@example.com", "message-id": "<m1@x>", "ts_event": 1772359260}]"#,
                &[
                    "notification_opened 2026-03-01T10:01:00Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=<m1@x>",
                    "notification_opened 2026-03-01T10:01:00Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=<m1@x> bot",
                ],
            ),
            (
                "clicked",
                &[],
                r#"{"event": "click", "email": "zoe@example.com", "camp_id": 4, "link": "https://example.com/a", "ts_event": 1772359300}"#,
                &[
                    "notification_clicked 2026-03-01T10:01:40Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=4",
                ],
            ),
            (
                "unsubscribed",
                &[],
                r#"{"event": "unsubscribed", "email": "zoe@example.com", "camp_id": 4, "ts_event": 1772359400}"#,
                &[
                    "member_updated 2026-03-01T10:03:20Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=4 subscription=unsubscribed",
                ],
            ),
            (
                "bounced",
                &[],
                r#"{"event": "hard_bounce", "email": "zoe@example.com", "ts_event": 1772359400}"#,
                &["ignored mail_hard_bounce"],
            ),
            (
                "nobody",
                &[],
                r#"{"event": "opened", "ts_event": 1772359400}"#,
                &["quarantined email is missing or unreadable"],
            ),
        ],
    );
}

#[test]
fn mailchimp() {
    check(
        "platform = \"mailchimp\"\nsecret = \"env:X\"",
        vec![
            (
                "subscribed",
                &[],
                r#"type=subscribe&fired_at=2026-03-01+10%3A00%3A00&data%5Blist_id%5D=L1&data%5Bemail%5D=zoe%40example.com"#,
                &[
                    "member_updated 2026-03-01T10:00:00Z actor=f91a00d3352230452acd3e83463849c7 channel=L1 email_key=# subscription=subscribed",
                ],
            ),
            (
                "unsubscribed",
                &[],
                r#"type=unsubscribe&fired_at=2026-03-01+10%3A00%3A00&data%5Blist_id%5D=L1&data%5Bemail%5D=zoe%40example.com"#,
                &[
                    "member_updated 2026-03-01T10:00:00Z actor=f91a00d3352230452acd3e83463849c7 channel=L1 email_key=# subscription=unsubscribed",
                ],
            ),
            (
                "a campaign sent",
                &[],
                r#"type=campaign&fired_at=2026-03-01+10%3A00%3A00&data%5Bid%5D=K1&data%5Bstatus%5D=sent&data%5Blist_id%5D=L1"#,
                &["content_published 2026-03-01T10:00:00Z channel=L1 subject=K1 staff"],
            ),
            (
                "mail of the transactional tool",
                &[],
                r#"[{"event": "send", "ts": 1772359200, "msg": {"_id": "x1", "email": "zoe@example.com"}, "url": null}, {"event": "open", "ts": 1772359200, "msg": {"_id": "x1", "email": "zoe@example.com"}, "url": null}, {"event": "click", "ts": 1772359200, "msg": {"_id": "x1", "email": "zoe@example.com"}, "url": "https://example.com"}, {"event": "spam", "ts": 1772359200, "msg": {"_id": "x1", "email": "zoe@example.com"}, "url": null}]"#,
                &[
                    "notification_delivered 2026-03-01T10:00:00Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=x1",
                    "notification_opened 2026-03-01T10:00:00Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=x1",
                    "notification_clicked 2026-03-01T10:00:00Z actor=f91a00d3352230452acd3e83463849c7 email_key=# subject=x1",
                    "ignored mail_spam",
                ],
            ),
            (
                "not a form of theirs",
                &[],
                r#"hello=world"#,
                &["quarantined not_json"],
            ),
        ],
    );
}
