// A refusal in Salesforce's words: HTTP status, errorCode and message. Thrown by the data layer, answered by whichever API asked.

export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly errorCode: string;
  readonly fields: readonly string[] | undefined;

  constructor(status: number, errorCode: string, message: string, fields?: readonly string[]) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
    this.fields = fields;
  }

  /** As it stands in the JSON array of a REST answer. */
  toJSON(): Record<string, unknown> {
    const { message, errorCode, fields } = this;
    return fields ? { message, errorCode, fields } : { message, errorCode };
  }
}

export function notFound(message = 'The requested resource does not exist'): ApiError {
  return new ApiError(404, 'NOT_FOUND', message);
}
