import type { StatementExchange } from './statement-exchange.ts';

/** What was asked since the last Sync. */
export class Batch {
  /** Counts the batches that Sync ends. */
  number = 0;
  exchanges: StatementExchange[] = [];
  /** The refused exchange whose batch is being dropped up to Sync. */
  dropping: StatementExchange | null = null;
  /** Whether something was asked since the target told of its encoding last. */
  encodingInDoubt = false;

  add(exchange: StatementExchange): void {
    // Mostly there is one, and a list that is made with its first takes no more memory than that.
    if (this.exchanges.length === 0) this.exchanges = [exchange];
    else this.exchanges.push(exchange);
  }

  /** Sync has come: the exchanges that it ends. */
  end(): readonly StatementExchange[] {
    const ended = this.exchanges;
    this.exchanges = [];
    this.number += 1;
    this.encodingInDoubt = false;
    this.dropping = null;
    // What is bound or run after this Sync is another execution, even where its answer has not come yet.
    for (const exchange of ended) exchange.bound = exchange.executed = true;
    return ended;
  }
}
