import { z } from 'zod';
import { type ErrorCode, errorCodes } from '../../core/errors.ts';

/** The schemas that the OpenAPI document names. */
export const components: z.core.$ZodRegistry<{ id?: string | undefined }> = z.registry<{ id?: string | undefined }>();

export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  components.add(schema, { id });
  return schema;
}

export const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
export const time = () => z.string().describe('RFC 3339, UTC, with milliseconds');
export const count = () => z.int().nonnegative();

export const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];
export const verdicts = ['permitted', 'approved', 'refused', 'denied', 'expired'] as const;
export const exchangeStatuses = ['ok', 'error', 'skipped', 'refused', 'cut', 'active'] as const;

export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: list(item), next: z.string().nullable().describe('The cursor of the next page; null on the last') });

export const text = (max = 500) => z.string().min(1).max(max).optional();
/** Normalised to UTC with milliseconds, the form in which the catalog keeps and compares times. */
export const moment = z.iso
  .datetime({ offset: true, error: 'expected an RFC 3339 time such as 2026-01-31T08:00:00Z' })
  .transform((value) => new Date(value).toISOString())
  .optional();
export const period = { since: moment.describe('Inclusive'), until: moment.describe('Exclusive') };
export const paging = {
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().min(1).max(1000).optional(),
};

export type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Paging = 'limit' | 'cursor';
export type Filter<Query extends z.ZodType> = Required<Omit<z.output<Query>, Paging>>;
export type Defined<Type> = { [Key in keyof Type]-?: Exclude<Type[Key], undefined> };
