/*
 * The language in which exchanges are looked for:
 *
 *     query  = [ or ] ;                     or    = and , { "or" , and } ;
 *     and    = not , { [ "and" ] , not } ;  not   = [ "-" | "!" | "not" ] , atom ;
 *     atom   = "(" , or , ")" | filter | text ;
 *     filter = field , ":" , ( list | compare | range | value ) ;
 *     list   = "[" , value , { "," , value } , "]" ;
 *     compare = ( ">" | ">=" | "<" | "<=" | "=" ) , word ;
 *     range  = word , ".." , word ;
 *     value  = word | '"' , { char | '\"' | '\\' } , '"' | "/" , RE2 pattern , "/" ;
 *     text   = value ;
 *
 * In a filter's word `*` stands for anything and `?` for one character. The words and, or, not are known in any case; whoever
 * looks for them puts them in quotes.
 */

/** From a character to one behind the last, in UTF-16 units. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

export type Value = Span &
  (
    | { readonly kind: 'word' | 'phrase'; readonly text: string }
    | { readonly kind: 'pattern'; readonly source: string }
    | { readonly kind: 'compare'; readonly sign: '>' | '>=' | '<' | '<=' | '='; readonly text: string }
    | { readonly kind: 'range'; readonly low: string; readonly high: string }
  );

export type Query = Span &
  (
    | { readonly kind: 'and' | 'or'; readonly of: readonly Query[] }
    | { readonly kind: 'not'; readonly of: Query }
    | { readonly kind: 'filter'; readonly field: string; readonly values: readonly Value[] }
    | { readonly kind: 'text'; readonly value: Value }
  );

/** What is wrong with a query, and where. */
export interface QueryProblem extends Span {
  readonly message: string;
  /** What may have been meant, to stand in the place of what is wrong. */
  readonly instead: string | null;
}
