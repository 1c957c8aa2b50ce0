-- A copy sends no events, and cannot sign as the original does.
UPDATE subscription_webhook
   SET active = FALSE,
       secret = 'whsec_' || encode(sha256(random()::text::bytea), 'base64'),
       old_secret = NULL,
       old_secret_until = NULL;

-- Pending events are sent by the original.
UPDATE subscription_webhook_delivery
   SET state = 'failed',
       next_attempt = NULL
 WHERE state = 'pending';
