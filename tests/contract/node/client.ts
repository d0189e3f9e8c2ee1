/** A till written against the generated types: it compiles only while the contract keeps what it relies on. */

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "liyu";

type Redemption = components["schemas"]["RedemptionAnswer"];

/** Take points for an order, and ask instead of ordering again when the outcome is unknown. */
export async function redeem(client: Client<paths>, outTradeNo: string, authCode: string): Promise<Redemption> {
  const body = { out_trade_no: outTradeNo, auth_code: authCode, points: 120 };
  const { data, error, response } = await client.POST("/v1/pos/redemptions", { body });
  if (data !== undefined) return data;
  if (response.status === 503) return query(client, outTradeNo);
  throw new Error(`${error.code}: ${error.detail}`);
}

async function query(client: Client<paths>, outTradeNo: string): Promise<Redemption> {
  const { data, error } = await client.GET("/v1/pos/redemptions/{out_trade_no}", {
    params: { path: { out_trade_no: outTradeNo } },
  });
  if (data !== undefined) return data;
  throw new Error(`${error.code}: ${error.detail}`);
}

/** Connect to a city's service. */
export function connect(baseUrl: string): Client<paths> {
  return createClient<paths>({ baseUrl });
}
