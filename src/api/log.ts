/** Where the API says what went wrong; pino's shape. */
export interface ApiLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
