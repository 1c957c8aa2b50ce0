-- A copy calls nobody, and cannot sign as the original does.
UPDATE subscription_webhook
   SET active = FALSE,
       secret = 'whsec_' || md5(random()::text) || md5(random()::text),
       old_secret = NULL,
       old_secret_until = NULL;

-- What was waiting to be sent is the original's to send.
UPDATE subscription_webhook_delivery
   SET state = 'failed',
       next_attempt = NULL
 WHERE state = 'pending';
