import { onWillUnmount, useEffect } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { formView } from "@web/views/form/form_view";

const REFRESH_MS = 2000;

/** Refreshes the form of a running billing run. */
export class BillingRunFormController extends formView.Controller {
    setup() {
        super.setup();
        let timer;
        const stop = () => clearTimeout(timer);
        const refresh = async () => {
            const record = this.model.root;
            if (record.data.state === "running" && !record.dirty) {
                await record.load();
            }
            timer = setTimeout(refresh, REFRESH_MS);
        };
        useEffect(
            () => {
                timer = setTimeout(refresh, REFRESH_MS);
                return stop;
            },
            () => []
        );
        onWillUnmount(stop);
    }
}

registry.category("views").add("subscription_billing_run_form", {
    ...formView,
    Controller: BillingRunFormController,
});
